/* What is said about records that wait. */

import { DAY, inWords } from "./clock.js";

const WHY = {
  offline: "现在没有网络",
  later: "系统暂时收不了",
  login: "请先登录",
  locked: "请先解锁",
  rights: "您现在没有记走访的岗位",
  held: "有一条正在改，改好再传",
  others: "有几条要等记录人本人登录",
};

export const KINDS = { visit: "走访", door: "门口情况", demand: "诉求" };

export const STATES = {
  draft: ["mute", "没有填完"],
  waiting: ["warn", "已存在本机，还没上传"],
  sending: ["info", "正在上传"],
  refused: ["bad", "没有收下"],
};

/** What stands in the way, in words. */
export const reason = ({ why }) => WHY[why] || "";

/** One line: how many wait, since when, why, and when it is tried again. */
export function line(standing) {
  const { waiting, refused, photos, photosRefused, oldest, why, next, busy } = standing;
  const parts = [];
  if (waiting) parts.push(`${waiting} 条已存在本机，还没上传（最早 ${inWords(oldest)}）`);
  if (photos) parts.push(`${photos} 张照片待传`);
  if (refused) parts.push(`${refused} 条没有收下，请打开看原因`);
  if (photosRefused) parts.push(`${photosRefused} 张照片不能用`);
  if (!parts.length) return "";
  if (busy) parts.push("正在上传");
  else if (waiting || photos) {
    if (WHY[why]) parts.push(WHY[why]);
    if (next) parts.push(`${inWords(next).replace("今天 ", "")} 再试`);
  }
  return `${parts.join("；")}。`;
}

/** Words for records that lie here for three days or longer, else "". */
export function old(standing) {
  const days = Math.floor((Date.now() - standing.oldest) / DAY);
  return days >= 3 ? `最早的一条已放了 ${days} 天，请尽快连上网络上传。` : "";
}
