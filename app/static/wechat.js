/* Paying inside WeChat: the page calls the app with what the shop signed, once by itself, then at the button. */
(function () {
  "use strict";

  var PATIENCE = 5000, CALL = "getBrandWCPayRequest";

  function place() { return document.querySelector("[data-in-app]"); }
  function say(word) {
    var here = place(), line = here && here.querySelector("[data-in-app-said]");
    if (line) line.textContent = here.dataset[word];
  }

  /* The app brings its bridge when it is ready, which may be after us. */
  function bridge(use) {
    if (window.WeixinJSBridge) return use(window.WeixinJSBridge);
    var late = setTimeout(function () { say("off"); }, PATIENCE);
    document.addEventListener("WeixinJSBridgeReady", function () { clearTimeout(late); use(window.WeixinJSBridge); }, { once: true });
  }

  /* Its word ships nothing: it only makes us ask WeChat Pay. */
  function ended(answer) {
    var word = String((answer && answer.err_msg) || "").split(":")[1];
    if (word !== "ok") return say(word === "cancel" ? "cancel" : "fail");
    say("ok");
    var check = document.querySelector("form[action$='/check']");
    if (check) check.submit();
  }

  function pay() {
    var here = place(), call;
    if (!here) return;
    try { call = JSON.parse(here.dataset.inApp); } catch (broken) { return say("fail"); }
    bridge(function (app) { app.invoke(CALL, call, ended); });
  }

  function first(call) {
    try {
      if (sessionStorage.getItem("in-app") === call) return false;
      sessionStorage.setItem("in-app", call);
      return true;
    } catch (refused) { return false; /* else it would ask again at every reload */ }
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-in-app-pay]")) pay();
  });
  if (place() && first(place().dataset.inApp)) pay();
})();
