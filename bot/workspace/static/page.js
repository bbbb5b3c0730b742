// What HTML and htmx cannot do alone: the composer, its suggestions, dialogs, scrolling, the ticking clock.
"use strict";
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const narrow = matchMedia("(max-width: 760px)");

// ---- Scrolling: stay at the end if one was there, else say how much is new below -------------------------
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 60;
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };
const held = new Map(); // scroller -> whether it was at its end before the page changed

function jump(text, below) {
  const button = $("#jump");
  button.hidden = !text;
  button.textContent = text || "";
  button.classList.toggle("below", below);
}
function read() {
  if (document.visibilityState === "visible" && atEnd($("#scroller"))) {
    htmx.ajax("POST", document.body.dataset.read, { swap: "none", source: "#messages" });
  }
}
function start() {
  const box = $("#scroller"), mark = $("#new-mark");
  const target = location.hash && document.getElementById(location.hash.slice(1));
  (target || mark)?.scrollIntoView({ block: "center" });
  if (!target && !mark) toEnd(box);
  if (mark && mark.getBoundingClientRect().top < box.getBoundingClientRect().top) jump("↑ Jump to unread", false);
  $$("img", box).forEach((image) => image.addEventListener("load", () => { if (!mark && !target) toEnd(box); }));
  box.addEventListener("scroll", () => { if (atEnd(box)) { jump("", false); read(); } }, { passive: true });
  const thread = $("#thread-scroller");
  if (thread) toEnd(thread);
  $$("[data-composer]").forEach(restore);
  read();
}
document.addEventListener("click", (event) => {
  if (event.target.id !== "jump") return;
  if (event.target.classList.contains("below")) toEnd($("#scroller"));
  else { $("#new-mark")?.scrollIntoView({ block: "center" }); jump("", false); }
});
document.addEventListener("visibilitychange", read);
let last = null;
document.addEventListener("htmx:sseBeforeMessage", () => {
  last = $("#messages").lastElementChild?.id;
  $$(".scroller").forEach((box) => held.set(box, atEnd(box)));
});
document.addEventListener("htmx:sseMessage", () => {
  held.forEach((stuck, box) => { if (stuck) toEnd(box); });
  if ($("#messages").lastElementChild?.id === last) return;
  if (held.get($("#scroller"))) read();
  else jump("↓ New messages below", true);
});

// ---- Updates in place keep what was typed, chosen and opened ---------------------------------------------
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const old = event.detail.target, fresh = event.detail.fragment;
  if (!old || !fresh) return;
  const named = (name) => $$("[name]", fresh).filter((field) => field.name === name);
  $$("[name]", old).forEach((field) => {
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked !== field.defaultChecked) named(field.name).forEach((to) => { if (to.value === field.value) to.checked = field.checked; });
    } else if (field.tagName === "SELECT") {
      const first = [...field.options].findIndex((option) => option.defaultSelected);
      if (field.selectedIndex !== Math.max(first, 0)) named(field.name).forEach((to) => { to.value = field.value; });
    } else if (field.type === "file") {
      if (field.files.length) named(field.name).forEach((to) => { to.files = field.files; });
    } else if (field.tagName !== "BUTTON" && field.value !== field.defaultValue) {
      named(field.name).forEach((to) => { to.value = field.value; });
    }
  });
  [old, ...$$("details", old)].filter((each) => each.open && each.tagName === "DETAILS").forEach((open) => { const to = open.id && fresh.querySelector(`#${CSS.escape(open.id)}`); if (to) to.open = true; });
});

// ---- Dialogs: modals open themselves; a button with a confirmation asks first ----------------------------
htmx.onLoad((node) => {
  const found = [node, ...$$("*", node)];
  found.filter((each) => each.matches?.("dialog[data-modal]:not([open])")).forEach((dialog) => {
    dialog.showModal();
    $("[autofocus], .sheet-body :is(input, textarea, select):not([type=hidden])", dialog)?.focus();
  });
  found.filter((each) => each.matches?.("[data-composer]") && each !== node).forEach(restore);
  found.filter((each) => each.matches?.(".multi")).forEach(summarize);
});
document.addEventListener("cancel", (event) => {
  if (!event.target.matches?.("dialog[data-modal]")) return;
  event.preventDefault(); // the app is told first; the stream then takes the modal away
  $("[data-dismiss]", event.target).click();
}, true);
document.addEventListener("htmx:confirm", (event) => {
  const template = document.getElementById(event.detail.elt.dataset.confirm || "");
  if (!template) return;
  event.preventDefault();
  const box = $("#confirm"), yes = $("[data-answer=yes]", box), content = template.content.cloneNode(true);
  yes.textContent = $("[data-yes]", content).textContent;
  $("[data-answer=no]", box).textContent = $("[data-no]", content).textContent;
  yes.className = `btn ${template.dataset.style === "danger" ? "danger" : "primary"}`;
  $$("[data-yes], [data-no]", content).forEach((label) => label.remove());
  $("[data-slot]", box).replaceChildren(content);
  box.onclose = () => { if (box.returnValue === "yes") event.detail.issueRequest(true); };
  box.returnValue = "";
  box.showModal();
});
document.addEventListener("click", (event) => {
  const answer = event.target.closest("[data-answer]");
  if (answer) $("#confirm").close(answer.dataset.answer);
  const link = event.target.closest("a[hx-trigger=opened]");
  if (link) htmx.trigger(link, "opened");
  $$("details.menu[open], details.multi[open], #acting[open]").forEach((menu) => {
    if (!menu.contains(event.target) || event.target.closest(".menu-list > button, .menu-list > a")) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input[hx-trigger=enter]")) { event.preventDefault(); htmx.trigger(event.target, "enter"); }
  if (event.key !== "Escape" || $("dialog[open]")) return;
  const menu = $("details.menu[open], details.multi[open]");
  if (menu) { menu.open = false; $("summary", menu).focus(); }
  else if (document.body.classList.contains("narrow-open")) drawer(false);
  else if (event.target.closest("#thread") && !event.target.matches("[aria-expanded=true]")) $("[data-thread-close]").click();
});

// ---- Menus of several choices ------------------------------------------------------------------------------
function summarize(menu) {
  const names = $$("input:checked + span", menu).map((label) => label.firstChild.textContent.trim());
  $("[data-summary]", menu).textContent = names.join(", ") || menu.dataset.placeholder;
}
document.addEventListener("change", (event) => {
  const menu = event.target.closest?.(".multi");
  if (menu) summarize(menu);
});

// ---- The composer: Enter sends, / and @ suggest, drafts are kept -----------------------------------------
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
  text.setAttribute("aria-expanded", String(Boolean(items.length)));
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
  if (successful) { form.reset(); $("[data-attached]", form).hidden = true; toEnd(form.parentElement.querySelector(".scroller")); restore(form); return; }
  if (!area(form).value) { area(form).value = form.dataset.sent; typed(form); }
  note(form, xhr.responseText || "The workspace did not answer.", xhr.getResponseHeader("X-Instead"));
});

// ---- Errors, the drawer, the thread pane, the clock -------------------------------------------------------
function toast(text) {
  const box = $("#toasts"), item = document.createElement("div"), close = document.createElement("button");
  item.className = "toast"; item.textContent = text;
  Object.assign(close, { type: "button", textContent: "✕", ariaLabel: "Dismiss", onclick: () => item.remove() });
  item.append(close); box.append(item);
  box.hidePopover(); box.showPopover();
  setTimeout(() => item.remove(), 9000);
}
document.addEventListener("htmx:responseError", (event) => { if (!event.detail.elt.matches("[data-composer]")) toast(event.detail.xhr.responseText || `Error ${event.detail.xhr.status}`); });
document.addEventListener("htmx:sendError", () => toast("The workspace cannot be reached. It may have been stopped."));
function drawer(open) {
  document.body.classList.toggle("narrow-open", open);
  if (narrow.matches) (open ? $("#sidebar a, #sidebar summary") : $("[data-open=sidebar]"))?.focus();
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open=sidebar]")) drawer(true);
  else if (event.target.closest("[data-close=sidebar]")) drawer(false);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "thread") return;
  const pane = event.detail.target;
  pane.hidden = !pane.childElementCount;
  if (!pane.hidden) { toEnd($(".scroller", pane)); area($("[data-composer]", pane)).focus(); $$("[data-composer]", pane).forEach(restore); }
});
document.addEventListener("htmx:sseOpen", () => document.body.removeAttribute("data-offline"));
document.addEventListener("htmx:sseError", () => document.body.setAttribute("data-offline", ""));
function tick() {
  const clock = $("#clock-now");
  if (!clock) return;
  const moment = new Date(Date.now() + 1000 * parseFloat(clock.dataset.offset));
  clock.textContent = moment.toLocaleTimeString("en-GB", { timeZone: clock.dataset.zone });
  clock.title = `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
setInterval(tick, 1000);
document.addEventListener("htmx:oobAfterSwap", tick);
start();
