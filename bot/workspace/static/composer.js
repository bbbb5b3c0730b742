// The composer: Enter sends, / and @ suggest, drafts are kept. Loaded before page.js, whose $ and $$ it uses.
"use strict";
const area = (form) => $("textarea", form);
function grow(text) { text.style.height = "auto"; text.style.height = `${text.scrollHeight}px`; }
function save(form) { sessionStorage.setItem(form.dataset.draft, area(form).value); }
function restore(form) {
  const draft = sessionStorage.getItem(form.dataset.draft);
  if (draft && !area(form).value) area(form).value = draft;
  grow(area(form));
}
function fill(form, text) { area(form).value = text; area(form).focus(); typed(form); }
function typed(form) { grow(area(form)); save(form); suggest(form); note(form, ""); }
function note(form, text, mend) {
  const box = $("[data-note]", form);
  box.hidden = !text;
  box.textContent = text || "";
  if (!mend) return;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn small", textContent: "Use the mention" });
  button.addEventListener("click", () => fill(form, mend));
  box.append(button);
}
function word(text) { return /(^|\s)([/@][^\s]*)$/.exec(text.value.slice(0, text.selectionStart))?.[2] || ""; }
function suggest(form) {
  const text = area(form), list = $(".completing", form), part = word(text), whole = text.value.slice(0, text.selectionStart);
  const kind = part[0], inThread = "thread" in form.dataset;
  const usable = kind === "@" || (kind === "/" && whole === part && !inThread);
  const wanted = part.slice(1).toLowerCase();
  const found = !usable ? [] : $$(`#completions > [data-kind="${kind}"]`).filter((item) =>
    kind === "/" ? item.dataset.insert.startsWith(part) : ` ${item.dataset.match}`.includes(` ${wanted}`)).slice(0, 8);
  const hint = kind === undefined && !inThread && /^\/\S+ /.exec(whole);
  const command = hint && $$("#completions > [data-kind='/']").find((item) => item.dataset.insert === hint[0]);
  const items = command ? [command] : found;
  list.replaceChildren(...items.map((item, index) => {
    const option = item.cloneNode(true);
    option.id = `${list.id}-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(!command && index === 0));
    return option;
  }));
  list.hidden = !items.length;
  mark(text, list);
}
function mark(text, list) {
  const chosen = $("[aria-selected=true]", list);
  if (chosen) { text.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); }
  else text.removeAttribute("aria-activedescendant");
}
function take(form, option) {
  const text = area(form), end = text.selectionStart;
  text.setRangeText(option.dataset.insert, end - word(text).length, end, "end");
  text.focus();
  typed(form);
}
document.addEventListener("input", (event) => {
  const form = event.target.matches("textarea") && event.target.closest("[data-composer]");
  if (form) typed(form);
});
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest(".completing > li");
  if (option) { event.preventDefault(); take(option.closest("form"), option); }
});
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-fill]");
  if (chip) fill(chip.closest("form"), chip.dataset.fill);
});
document.addEventListener("keydown", (event) => {
  const form = event.target.matches("textarea") && event.target.closest("[data-composer]");
  if (!form || event.isComposing) return;
  const list = $(".completing", form), options = $$("li", list), active = options.findIndex((option) => option.ariaSelected === "true");
  const choosing = !list.hidden && active >= 0;
  if (choosing && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const next = (active + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === next)));
    mark(event.target, list);
  } else if (choosing && (event.key === "Tab" || (event.key === "Enter" && options[active].dataset.insert.trim() !== word(event.target)))) {
    event.preventDefault();
    take(form, options[active]);
  } else if (event.key === "Escape" && !list.hidden) { event.stopPropagation(); list.hidden = true; }
  else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (area(form).value.trim() || $("[type=file]", form).files.length) form.requestSubmit();
  }
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-composer] [type=file]")) return;
  const shown = $("[data-attached]", event.target.form), names = [...event.target.files].map((file) => file.name);
  shown.hidden = !names.length;
  shown.textContent = `Attached: ${names.join(", ")}`;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  if (form.matches?.("[data-composer]")) { form.dataset.sent = area(form).value; area(form).value = ""; typed(form); }
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt: form, successful, xhr } = event.detail;
  if (!form.matches?.("[data-composer]")) return;
  if (successful) { form.reset(); $("[data-attached]", form).hidden = true; toEnd($(".scroller", form.parentElement)); restore(form); return; }
  if (!area(form).value) { area(form).value = form.dataset.sent; typed(form); }
  note(form, xhr.responseText || "The workspace did not answer.", xhr.getResponseHeader("X-Instead"));
});
