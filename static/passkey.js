// Asks the browser for a passkey, and sends what it says with the form. The options that
// the server made stand in the page as JSON, with bytes as base64url.

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const named = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

async function create(options) {
  const { publicKey } = options;
  return navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: named(publicKey.excludeCredentials),
    },
  });
}

async function get(options) {
  const { publicKey } = options;
  return navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      allowCredentials: named(publicKey.allowCredentials),
    },
  });
}

function told(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = JSON.parse(document.getElementById("passkey-data").textContent);
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    try {
      const credential =
        form.dataset.passkey === "create"
          ? await create(data.creation_options)
          : await get(data.request_options);
      form.elements.credential.value = JSON.stringify(told(credential));
      form.submit();
    } catch {
      problem.textContent = "没有成功：设备没有认出您，或者取消了。可以再试一次，或用别的办法。";
      problem.hidden = false;
    }
  });
}
