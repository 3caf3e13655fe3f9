// Passkeys: <form data-passkey="/where/the/challenge/is"> asks the browser for one and is then sent with what it said.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (each) => ({ ...each, id: bytes(each.id) });

async function ask(address, form) {
  const body = new URLSearchParams({ _csrf_token: form.elements._csrf_token.value });
  const answer = await fetch(address, { method: "POST", body });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

async function answered(form) {
  const options = await ask(form.dataset.passkey, form);
  options.challenge = bytes(options.challenge);
  options.excludeCredentials = options.excludeCredentials?.map(known);
  options.allowCredentials = options.allowCredentials?.map(known);
  if (options.user) options.user.id = bytes(options.user.id);
  const made = await (options.user
    ? navigator.credentials.create({ publicKey: options })
    : navigator.credentials.get({ publicKey: options }));
  const response = { clientDataJSON: text(made.response.clientDataJSON), transports: made.response.getTransports?.() };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[part]) response[part] = text(made.response[part]);
  }
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const problem = form.querySelector("[data-problem]");
  if (!window.PublicKeyCredential) {
    problem.textContent = problem.dataset.missing;
    continue;
  }
  form.querySelector("button").disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    problem.textContent = "";
    try {
      form.elements._answer.value = await answered(form);
      form.submit();
    } catch (error) {
      const again = error.name === "InvalidStateError" ? problem.dataset.again : problem.dataset.problem;
      problem.textContent = again;
      button.disabled = false;
      button.focus();
    }
  });
}
