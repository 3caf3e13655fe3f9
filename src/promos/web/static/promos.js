// Conveniences over pages that work without them: nothing here is needed to claim, scan, edit or publish.
const says = document.getElementById("says");
const say = (text) => { if (says) says.textContent = text; };

// Copy: <button type="button" data-copy="#id" data-copied="Copied">. Where the clipboard is closed, the text is selected.
async function copy(button) {
  const from = document.querySelector(button.dataset.copy);
  if (!from) return;
  try {
    await navigator.clipboard.writeText(from.value ?? from.textContent);
  } catch {
    if (from.select) from.select();
    else getSelection().selectAllChildren(from);
    if (!document.execCommand("copy")) return;
  }
  swap(button, button.dataset.copied || "✓", 2500);
  say(button.dataset.copied || "");
}

// A button shows another word for a while and never gets narrower.
function swap(button, word, milliseconds) {
  button.dataset.word ??= button.textContent;
  button.style.minWidth = `${button.offsetWidth}px`;
  button.textContent = word;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => restore(button), milliseconds);
}

function restore(button) {
  button.textContent = button.dataset.word;
  delete button.dataset.word;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// Unsaved: <form data-unsaved>, or data-unsaved="typed" when the server sends back what was typed.
const unsaved = new Set(document.querySelectorAll('form[data-unsaved="typed"]'));
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-unsaved]")) unsaved.add(form);
});
addEventListener("beforeunload", (event) => { if (unsaved.size) event.preventDefault(); });

// One press, one request: the button rests once the form is on its way.
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get") return;
  if (sent.has(form)) return event.preventDefault();
  sent.add(form);
  unsaved.delete(form);
  const buttons = form.querySelectorAll("button");
  setTimeout(() => buttons.forEach((button) => { button.disabled = true; }));  // after its name and value were taken
  setTimeout(() => wake(form), 8000);  // a download leaves the page where it is
});

function wake(form) {
  sent.delete(form);
  form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
}

// Watch: a part with data-watch="/its/page" is looked at again for as long as it says so.
async function again(part) {
  const fresh = await partOf(part.dataset.watch, part.id);
  if (fresh && !part.contains(document.activeElement)) part.replaceWith(fresh);
  watch(fresh && fresh.isConnected ? fresh : part);
}
const watch = (part) => { if (part.dataset.watch) setTimeout(() => again(part), 2000); };
document.querySelectorAll("[data-watch]").forEach(watch);

async function partOf(address, id, how) {
  try {
    const answer = await fetch(address, how);
    return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  } catch {
    return null;
  }
}

// Example: what is typed into <input name="pattern" data-example="/its/page"> is tried out by the server.
let typing;
document.addEventListener("input", ({ target }) => {
  if (!target.dataset.example) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const fresh = await partOf(`${target.dataset.example}?${new URLSearchParams({ [target.name]: target.value })}`, "example");
    if (fresh) document.getElementById("example").replaceChildren(...fresh.childNodes);
  }, 300);
});

// Tried: what is typed into <form data-tried="id"> is tried out by the server, which answers with the same page; of it, #id.
let trying, tries = 0;
document.addEventListener("input", ({ target }) => {
  const form = target.form;
  if (!form?.dataset.tried) return;
  clearTimeout(trying);
  trying = setTimeout(async () => {
    const mine = ++tries, fields = new URLSearchParams(new FormData(form));
    fields.set("then", "example");
    const fresh = await partOf(form.action, form.dataset.tried, { method: "POST", body: fields });
    if (fresh && mine === tries) document.getElementById(form.dataset.tried).replaceChildren(...fresh.childNodes);
  }, 400);
});

// Keys: / leads to the search, ? to the overview (both can be switched off there), arrows from row to row of a list.
const keys = document.querySelector("[data-keys]");
if (keys) {
  try { keys.checked = localStorage.keys !== "off"; } catch { /* a browser that keeps nothing */ }
  keys.addEventListener("change", () => { try { localStorage.keys = keys.checked ? "on" : "off"; } catch { /* the same */ } });
}
const types = (element) => element?.matches("input, select, textarea, [contenteditable]");
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || types(event.target)) return;
  if (keys?.checked && event.key === "/") lead(event, document.querySelector("[data-find]"));
  if (keys?.checked && event.key === "?") document.getElementById("keys").togglePopover();
  const row = event.target.closest?.("tbody tr");
  if (row && event.key === "ArrowDown") lead(event, row.nextElementSibling?.querySelector("a, button, summary"));
  if (row && event.key === "ArrowUp") lead(event, row.previousElementSibling?.querySelector("a, button, summary"));
});
function lead(event, to) {
  if (!to) return;
  event.preventDefault();
  to.focus();
  if (to.select) to.select();
}

// Where one is among the places of the desk is in sight on a phone, too.
const place = document.querySelector(".places [aria-current]"), bar = place?.closest(".places");
if (bar) bar.scrollLeft = place.offsetLeft - (bar.clientWidth - place.offsetWidth) / 2;

// Door: the field is empty and ready for the next scan, also after "back"; a scanner that types elsewhere is heard too.
const scan = () => document.querySelector("form[data-door] input:not([type=hidden])");
const ready = () => scan()?.focus({ preventScroll: true });
addEventListener("pageshow", (event) => {
  if (scan()) scan().value = "";
  if (!event.persisted) return;  // autofocus has done it
  document.querySelectorAll("form").forEach(wake);
  ready();
});
addEventListener("focus", ready);
document.addEventListener("keydown", (event) => {
  if (document.activeElement === document.body && event.key.length === 1 && !event.ctrlKey && !event.metaKey) ready();
});
