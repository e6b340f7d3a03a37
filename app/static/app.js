/* What pages gain from JavaScript. Everything works without it; nothing here knows a page by name. */
(function () {
  "use strict";

  var root = document.documentElement;
  var one = function (selector, within) { return (within || document).querySelector(selector); };
  var all = function (selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); };
  var on = function (name, react, capture) { document.addEventListener(name, react, capture || false); };

  root.classList.add("js");

  /* Theme: the form's own request sets the cookie, so the server sends the next page right; the local copy tells the other tabs. */
  function wear(theme) {
    root.setAttribute("data-theme", theme);
    var meta = one('meta[name="color-scheme"]');
    if (meta) meta.content = theme;
  }
  try { if (!root.dataset.theme && localStorage.getItem("theme")) wear(localStorage.getItem("theme")); } catch (refused) { /* private windows may refuse */ }
  on("click", function (event) {
    var button = event.target.closest("[data-theme-switch] button");
    if (!button) return;
    event.preventDefault();
    wear(button.value);
    try { localStorage.setItem("theme", button.value); } catch (refused) { /* as above */ }
    var choice = new URLSearchParams(new FormData(button.form));
    choice.set(button.name, button.value);
    fetch(button.form.action, { method: "POST", body: choice, credentials: "same-origin", redirect: "manual" }).catch(function () {});
    var other = one("[data-theme-switch] .theme-" + (button.value === "dark" ? "light" : "dark"));
    if (other) other.focus();
  });
  window.addEventListener("storage", function (event) {
    if (event.key === "theme" && event.newValue) wear(event.newValue);
  });

  /* A plain form is sent once a second at most; the server has the last word. */
  on("submit", function (event) {
    var form = event.target;
    if (form.getAttribute("method") !== "post" || form.hasAttribute("hx-post")) return;
    var now = Date.now();
    if (now - Number(form.dataset.sentAt || 0) < 1000) return event.preventDefault();
    form.dataset.sentAt = now;
    if (!form.hasAttribute("data-saves")) form.setAttribute("aria-busy", "true"); // a download leaves the page where it is
  });

  /* Half-typed Chinese is nobody's input yet: no search, no sending, until the characters are chosen. */
  on("input", function (event) { if (event.isComposing) event.stopImmediatePropagation(); }, true);
  on("compositionend", function (event) { event.target.dispatchEvent(new Event("input", { bubbles: true })); });
  on("keydown", function (event) {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);

  /* What asks again by itself waits while somebody fills in a form that stands open in it. */
  on("htmx:beforeRequest", function (event) {
    var asks = event.detail.elt;
    if (/^every /.test(asks.getAttribute("hx-trigger") || "") && one("details.drop[open]", asks)) event.preventDefault();
  });

  /* Short confirmations. The region is on the page from the start, so screen readers hear it. */
  function say(text, className, lasts) {
    var line = document.createElement("div");
    line.className = className;
    line.textContent = text;
    one("#toasts").appendChild(line);
    setTimeout(function () { line.remove(); }, lasts);
  }
  on("toast", function (event) {
    say(event.detail.text, "toast-line tone-" + (event.detail.tone || "ok"), event.detail.lasts || 4000);
  });

  /* Copying happens inside the tap, three ways: the old command, the clipboard, a selection to hold. */
  function copyByCommand(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.className = "offscreen";
    document.body.appendChild(area);
    area.select();
    area.setSelectionRange(0, text.length);
    var copied = false;
    try { copied = document.execCommand("copy"); } catch (refused) { copied = false; }
    area.remove();
    return copied;
  }
  function tell(button, text) {
    var label = one("[data-copy-label]", button) || button;
    if (!button.dataset.words) button.dataset.words = label.textContent;
    label.textContent = text;
    say(text, "visually-hidden", 2000);
    clearTimeout(button.restoring);
    button.restoring = setTimeout(function () { label.textContent = button.dataset.words; }, 2000);
  }
  on("click", function (event) {
    var button = event.target.closest("[data-copy]");
    var source = button && one(button.dataset.copy);
    if (!source) return;
    var text = ("value" in source ? source.value : source.textContent).trim();
    var done = function () { tell(button, button.dataset.copied); };
    var select = function () {
      source.hidden = false;
      if (source.select) source.select(); else getSelection().selectAllChildren(source);
      tell(button, button.dataset.selected);
    };
    var copied = copyByCommand(text);
    if (button.type === "button") button.focus();
    var clipboard = navigator.clipboard && navigator.clipboard.writeText(text);
    if (copied) { done(); if (clipboard) clipboard.catch(function () {}); }
    else if (clipboard) clipboard.then(done, select);
    else select();
  });

  /* A number beside two buttons, and the sum of a form: the price of what is chosen, as often as it is wanted. */
  on("click", function (event) {
    var button = event.target.closest("[data-step]");
    var field = button && document.getElementById(button.dataset.of);
    if (!field) return;
    var wanted = (parseInt(field.value, 10) || 0) + Number(button.dataset.step);
    field.value = Math.max(Number(field.min), Math.min(Number(field.max), wanted));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  function add(form) {
    var chosen = one("[data-minor]:checked, [data-minor][type=hidden]", form), count = one("[name=quantity]", form);
    var sum = one("[data-sum]", form), word = one("[data-sum-word]", form);
    if (!chosen || !sum) return;
    var shape = /^(\D*)[\d,]+(\.\d+)?$/.exec(sum.textContent.trim());
    if (!shape) return;
    var places = shape[2] ? shape[2].length - 1 : 0;
    var times = Math.max(1, Math.min(1000, parseInt(count && count.value, 10) || 1));
    var digits = (chosen.dataset.minor * times / Math.pow(10, places)).toFixed(places).split(".");
    sum.textContent = shape[1] + digits[0].replace(/\B(?=(\d{3})+$)/g, ",") + (places ? "." + digits[1] : "");
    word.textContent = word.dataset.sumWord;
  }
  on("input", function (event) { var form = event.target.closest("[data-sums]"); if (form) add(form); });
  on("change", function (event) { var form = event.target.closest("[data-sums]"); if (form) add(form); });
  all("[data-sums]").forEach(add);
  on("click", function (event) { if (event.target.closest("[data-print]")) window.print(); });
  if (location.hash === "#q" && one("#q")) one("#q").focus();

  /* A form of edits says what is not saved yet, asks before it gets lost, and is saved by Ctrl + Enter as well. */
  function changed(event) {
    if (event.target.form && event.target.form.hasAttribute("data-edits")) event.target.form.classList.add("is-changed");
  }
  on("input", changed);
  on("change", changed);
  on("submit", function (event) { if (!event.defaultPrevented) event.target.classList.remove("is-changed"); });
  on("click", function (event) {
    if (!event.target.closest("[data-discards]")) return;
    all("form.is-changed").forEach(function (form) { form.classList.remove("is-changed"); });
  });
  on("keydown", function (event) {
    var form = event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("form[data-edits]");
    if (form) one("button[type=submit]", form).click();
  });
  window.addEventListener("beforeunload", function (event) {
    if (one("form.is-changed")) { event.preventDefault(); event.returnValue = ""; }
  });

  /* Two fields for one value, such as a colour and its letters, a day and its calendar: what is entered in one appears in the other. */
  var SHAPES = { color: /^#[0-9a-f]{6}$/, date: /^(\d{4}-\d\d-\d\d)?$/ };
  function fill(field, value) {
    if (field.value === value) return; // its twin filled it just now
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  on("input", function (event) {
    var twin = event.target.dataset.twin && one(event.target.dataset.twin), value = event.target.value.toLowerCase();
    if (twin && (!SHAPES[twin.type] || SHAPES[twin.type].test(value))) fill(twin, value);
  });
  on("change", function (event) { // 2027/1/31 and 20270131 are days as well
    var said = event.target.hasAttribute("data-day") && /^\s*(\d{4})\D?(\d{1,2})\D?(\d{1,2})\D?\s*$/.exec(event.target.value);
    if (said) fill(event.target, said[1] + "-" + ("0" + said[2]).slice(-2) + "-" + ("0" + said[3]).slice(-2));
  }, true);
  on("click", function (event) {
    var button = event.target.closest("[data-fills]");
    var field = button && one(button.dataset.fills);
    if (!field) return;
    fill(field, button.value);
    field.focus();
  });

  on("keydown", function (event) { // Escape closes the menu and leaves the keyboard where it was opened
    var menu = event.key === "Escape" && !event.isComposing && one("#menu:checked");
    if (menu) { menu.checked = false; menu.focus(); }
  });
  on("focusin", function (event) { // and whoever tabs out of it is not left behind it
    var menu = one("#menu:checked");
    if (menu && !menu.parentNode.contains(event.target)) menu.checked = false;
  });

  /* A file field says what it holds. */
  on("change", function (event) {
    var line = event.target.dataset.picked && document.getElementById(event.target.dataset.picked);
    if (!line) return;
    line.textContent = Array.prototype.map.call(event.target.files, function (file) {
      return file.name + " · " + (file.size < 1e6 ? Math.ceil(file.size / 1e3) + " kB" : (file.size / 1e6).toFixed(1) + " MB");
    }).join(", ");
    line.hidden = !line.textContent;
  });

  /* htmx: token, busy marks, focus, and a lost network. */
  on("htmx:configRequest", function (event) {
    var token = one('meta[name="csrf-token"]');
    if (token) event.detail.headers["X-CSRFToken"] = token.content;
    if (!event.detail.elt.hasAttribute("data-lean")) return; // an address keeps only what was asked for
    var given = event.detail.formData || new FormData();
    Array.from(given.keys()).forEach(function (name) { if (!given.get(name)) given.delete(name); });
  });
  on("htmx:beforeRequest", function (event) { if (!event.defaultPrevented && !follows(event)) event.detail.target.setAttribute("aria-busy", "true"); });
  on("htmx:afterRequest", function (event) { event.detail.target.removeAttribute("aria-busy"); });
  function arrive(within) {
    all("[data-scrolls] [aria-current]", within).forEach(function (link) {
      var strip = link.closest("[data-scrolls]");
      strip.scrollLeft = link.offsetLeft + link.offsetWidth / 2 - strip.clientWidth / 2;
    });
    all("[data-copy][hidden], [data-needs-script][hidden]", within).forEach(function (button) { button.hidden = false; });
    var wanted = one("[data-autofocus]", within);
    if (wanted) wanted.focus();
  }
  on("htmx:afterSettle", function (event) {
    var said = one("[data-say]", event.detail.elt);
    if (said) say(said.textContent, "visually-hidden", 2000);
    arrive(event.detail.elt.parentNode || document);
  });
  function offline(event) {
    var place = one("#page-alert");
    if (!place || follows(event)) return;
    var sender = event.detail.elt, cause = event.detail.requestConfig.triggeringEvent;
    var line = document.createElement("p");
    var again = document.createElement("button");
    line.className = "alert alert-danger";
    line.setAttribute("role", "alert");
    line.textContent = place.dataset.offline;
    again.className = "btn btn-sm";
    again.textContent = place.dataset.again;
    again.onclick = function () { line.remove(); window.htmx.trigger(sender, cause ? cause.type : sender.matches("form") ? "submit" : "click"); };
    line.appendChild(again);
    place.replaceChildren(line);
  }
  /* A refusal that belongs into no form is said above the page; what is not ours (a proxy's error page) is a lost network. */
  on("htmx:beforeSwap", function (event) {
    var answer = event.detail, place = one("#page-alert");
    if (answer.shouldSwap || answer.xhr.status < 400 || !place || follows(event)) return;
    if (answer.serverResponse.indexOf('id="problem"') < 0) return offline(event);
    answer.target = place;
    answer.swapOverride = "innerHTML";
    answer.shouldSwap = true;
  });
  on("htmx:sendError", offline);
  on("htmx:timeout", offline);

  /* What a page waits for it asks for: often at first, then less and less, and at once when somebody looks again. */
  var PACES = [[30, 500], [120, 1000], [900, 3000]]; // for so many seconds, every so many milliseconds
  var since = Date.now(), next;
  function follows(event) { return event.detail.elt.hasAttribute("data-follow"); }
  function look() {
    var waiting = one("[data-follow]");
    if (waiting && window.htmx) window.htmx.trigger(waiting, "look");
  }
  function wait() {
    var waited = (Date.now() - since) / 1000;
    var pace = PACES.filter(function (pace) { return waited < pace[0]; })[0];
    clearTimeout(next);
    if (pace && one("[data-follow=often]")) next = setTimeout(look, pace[1]);
  }
  function again() {
    if (document.visibilityState === "hidden") return;
    since = Date.now();
    look();
  }
  on("htmx:afterRequest", function (event) {
    if (!follows(event)) return;
    if (!document.contains(event.detail.elt)) since = Date.now(); // there was news: the next may be close behind
    wait();
  });
  on("visibilitychange", again);

  /* A moment that is waited for is counted down; once it has come, the page asks for news. */
  setInterval(function () {
    all("[data-opens]").forEach(function (left) {
      if (!left.end) left.end = performance.now() + left.dataset.opens * 1000;
      var rest = Math.max(0, Math.ceil((left.end - performance.now()) / 1000));
      var two = function (number) { return (number < 10 ? "0" : "") + number; };
      left.textContent = Math.floor(rest / 3600) + ":" + two(Math.floor(rest / 60) % 60) + ":" + two(rest % 60);
      if (rest) return;
      left.removeAttribute("data-opens");
      again();
    });
  }, 1000);
  ["pageshow", "focus", "online"].forEach(function (name) { window.addEventListener(name, again); });

  /* A page left behind keeps no code in clear: some browsers show it again, as it was, on "back". */
  window.addEventListener("pagehide", function () {
    all("[data-secret]").forEach(function (code) { code.textContent = "••••"; code.removeAttribute("aria-label"); });
  });
  window.addEventListener("pageshow", function (event) {
    all("form[aria-busy]").forEach(function (form) { form.removeAttribute("aria-busy"); });
    var home = event.persisted && one("[data-secret-home]");
    if (home) location.replace(home.dataset.secretHome);
  });

  /* What is good for less than two days is counted down in its place, by the time that passed since the page knew. */
  function count() {
    all("[data-ends]").forEach(function (line) {
      if (!line.ends) line.ends = Date.now() + line.dataset.ends * 1000;
      var minutes = Math.floor((line.ends - Date.now()) / 6e4), data = line.dataset;
      line.textContent = minutes < 0 ? data.over : data.lasts.replace("HH", Math.floor(minutes / 60)).replace("MM", minutes % 60);
    });
    all("[data-hides]").forEach(function (card) {
      var home = one("[data-secret-home]", card) || card;
      if (!card.hides) card.hides = Date.now() + card.dataset.hides * 1000;
      if (card.hides < Date.now()) location.replace(home.dataset.secretHome);
    });
  }
  setInterval(count, 1000);

  /* Tabs that do not fit: the one that is open is in sight. */
  var tab = one(".tab[aria-current]");
  if (tab) tab.parentNode.scrollLeft = tab.offsetLeft + tab.offsetWidth - tab.parentNode.offsetLeft - tab.parentNode.clientWidth / 2;

  arrive(document);
})();
