// What HTML and htmx cannot do alone: dialogs, scrolling, keeping what was entered, the ticking clock.
"use strict";
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const narrow = matchMedia("(max-width: 760px)");

// ---- Scrolling: who is at the end stays there, who reads above is told of what is new below ---------------
const following = new WeakMap(); // scroller -> whether it stays at its end
// The end is where the last message is whole, or where it begins if it is taller than the screen.
function end(box) {
  const last = $("ol", box)?.lastElementChild;
  const begins = last ? last.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop : Infinity;
  return Math.max(Math.min(box.scrollHeight - box.clientHeight, begins), 0);
}
const atEnd = (box) => box.scrollTop > end(box) - 60;
function toEnd(box) { following.set(box, true); box.scrollTop = Math.max(box.scrollTop, end(box)); }
let seen = null; // the last message that was reported as read

function follow(box) {
  following.set(box, true);
  box.addEventListener("scroll", () => {
    following.set(box, atEnd(box));
    if (box.id === "scroller" && atEnd(box)) { jump(""); read(); }
  }, { passive: true });
  const watch = new ResizeObserver(() => { if (following.get(box)) toEnd(box); });
  [box, ...box.children].forEach((part) => watch.observe(part));
}
function jump(text) {
  $("#jump").hidden = !text;
  $("#jump").textContent = text;
  $("#jump").classList.toggle("below", text.startsWith("↓"));
}
function read() {
  const last = $("#messages").lastElementChild?.id;
  if (last === seen || document.visibilityState !== "visible" || !atEnd($("#scroller"))) return;
  seen = last;
  htmx.ajax("POST", document.body.dataset.read, { swap: "none", source: "#messages" });
}
function start() {
  const box = $("#scroller"), mark = $("#new-mark"), target = location.hash && document.getElementById(location.hash.slice(1));
  $$(".scroller").forEach(follow);
  if (target || mark) {
    following.set(box, false);
    (target || mark).scrollIntoView({ block: "center" });
    if (mark && mark.getBoundingClientRect().top < box.getBoundingClientRect().top) jump("↑ Jump to unread");
  }
  $$("[data-composer]").forEach(restore);
  read();
}
document.addEventListener("click", (event) => {
  if (event.target.id !== "jump") return;
  if (event.target.classList.contains("below")) toEnd($("#scroller"));
  else { $("#new-mark")?.scrollIntoView({ block: "center" }); jump(""); }
});
document.addEventListener("visibilitychange", read);
document.addEventListener("htmx:sseMessage", () => {
  const fresh = $("#messages").lastElementChild?.id !== seen;
  if (fresh && !following.get($("#scroller")) && !atEnd($("#scroller"))) jump("↓ New messages below");
  read();
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
  else if (event.target.closest("#thread") && !$("#thread .completing:not([hidden])")) $("[data-thread-close]").click();
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
  if (pane.hidden) return;
  follow($(".scroller", pane));
  $$("[data-composer]", pane).forEach((form) => { restore(form); area(form).focus(); });
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
