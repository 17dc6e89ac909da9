/* Signing out: what is unsent is offered to be sent, saved as a file, or kept by staying;
   all else that this browser holds goes. */

import { forgetPages, mayLeave } from "./doors.js";
import { button, make } from "./draw.js";
import { save } from "./export.js";
import { forget, leave as noMore } from "./owner.js";
import { sendNow, standing } from "./queue.js";
import { all, destroy, exists } from "./store.js";
import { reason } from "./words.js";

const leaving = new WeakSet();

/** Listens to every form that is sent; only that of signing out concerns us. */
export function signOut(event) {
  const form = event.target;
  if (!form.matches("[data-signs-out]") || leaving.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  leave(form);
}

async function leave(form) {
  const user = Number(document.body.dataset.user);
  if (!(await mayLeave(user))) return;
  await forgetPages();
  const kept = "indexedDB" in window && (await exists());
  if (kept) {
    const now = await standing(user);
    if (now.waiting + now.refused + now.drafts + now.photos > 0) {
      if (!(await ask(user))) return;
    }
    await wipe();
  }
  // Pressed once counts once: what holds a second press back is let go.
  form.removeAttribute("aria-busy");
  leaving.add(form);
  form.requestSubmit();
}

/** Nothing stays but unsent records, with the page on which their author opens them. */
export async function wipe() {
  noMore();
  await forget();
  if ((await all("records")).length || (await all("photos")).length) return;
  await destroy();
  if ("caches" in window) {
    for (const name of await caches.keys()) await caches.delete(name);
  }
  const workers = await navigator.serviceWorker?.getRegistrations?.();
  for (const worker of workers || []) await worker.unregister();
}

async function reasonNow(user) {
  const words = reason(await standing(user));
  return words && `：${words}`;
}

/** Ask until nothing is unsent, or its author insists: true to sign out. */
function ask(user) {
  return new Promise((resolve) => {
    const words = make("p", { role: "status" });
    const say = async () => {
      const now = await standing(user);
      const left = now.waiting + now.refused + now.drafts;
      words.textContent =
        left + now.photos
          ? `这台手机上还有 ${left} 条记录${now.photos ? `、${now.photos} 张照片` : ""}没上传。`
          : "都上传了。";
      return left + now.photos;
    };
    const box = make(
      "dialog",
      { class: "leave", "aria-labelledby": "leave-h" },
      make("h2", { id: "leave-h" }, "还有没上传的记录"),
      words,
      make(
        "div",
        { class: "ways" },
        button(
          "先上传，再退出",
          async () => {
            words.textContent = "正在上传…";
            await sendNow();
            if ((await say()) === 0) return done(true);
            words.prepend(`没有传完${await reasonNow(user)}。`);
          },
          "btn btn-primary"
        ),
        button("存成文件", async () => {
          const count = await save(user);
          words.textContent = `已把 ${count} 条存成文件。记录仍留在手机上。`;
        }),
        button("不退出", () => done(false)),
        button("仍然退出，记录留在手机上等我登录", () => done(true), "btn btn-quiet")
      )
    );
    const done = (answer) => {
      box.close();
      box.remove();
      resolve(answer);
    };
    box.addEventListener("cancel", () => done(false));
    document.body.append(box);
    box.showModal();
    say();
  });
}
