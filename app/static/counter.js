/* The counter: the entry is always ready for the next scan, and the camera reads codes where the browser can. */
(function () {
  "use strict";

  var form = document.querySelector("[data-counter]");
  if (!form) return;
  var entry = form.elements.code, uses = form.elements.uses;
  var last = { text: "", at: 0 };

  /* One pull of a scanner's trigger may type twice: the same code within two seconds is the same scan. */
  form.addEventListener("submit", function (event) {
    var text = entry.value.trim(), now = Date.now();
    if (text && text === last.text && now - last.at < 2000) {
      event.preventDefault();
      event.stopImmediatePropagation();
      entry.value = "";
      return;
    }
    last = { text: text, at: now };
  }, true);

  /* Each scan is an act of its own; the entry is empty again before the answer is there. */
  function key() {
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (byte) { return ("0" + byte.toString(16)).slice(-2); }).join("");
  }
  document.addEventListener("htmx:configRequest", function (event) {
    if (event.detail.elt !== form) return;
    event.detail.parameters.idem = key();
    setTimeout(function () { entry.value = ""; uses.value = "1"; entry.focus(); }, 0);
  });

  /* Sound is off until somebody switches it on in this browser. */
  var button = document.querySelector("[data-counter-sound]");
  var Audio = window.AudioContext || window.webkitAudioContext, audio;
  function isOn() { try { return localStorage.getItem("counter-sound") === "on"; } catch (refused) { return false; } }
  function show() { button.setAttribute("aria-pressed", String(isOn())); button.classList.toggle("btn-primary", isOn()); }
  function beep(tone, seconds) {
    if (!Audio || !isOn()) return;
    audio = audio || new Audio();
    var source = audio.createOscillator(), volume = audio.createGain();
    source.frequency.value = tone;
    volume.gain.value = 0.15;
    source.connect(volume).connect(audio.destination);
    source.start();
    source.stop(audio.currentTime + seconds);
  }
  if (button && Audio) {
    button.hidden = false;
    show();
    button.addEventListener("click", function () {
      try { localStorage.setItem("counter-sound", isOn() ? "off" : "on"); } catch (refused) { /* private windows may refuse */ }
      show();
      beep(880, 0.1);
      entry.focus();
    });
  }
  document.addEventListener("htmx:afterSwap", function () {
    var answer = document.querySelector("#counter-result [data-answer]");
    if (answer && answer !== document.heard) answer.dataset.answer === "ok" ? beep(880, 0.15) : beep(220, 0.5);
    document.heard = answer;
    if (document.activeElement === document.body) entry.focus(); // a roll-back took its own button away
    document.querySelectorAll("#counter-lines > .scan-row:nth-child(n+11)").forEach(function (row) { row.remove(); });
  });

  /* The camera, where the browser reads codes by itself. */
  var camera = form.querySelector("[data-counter-camera]"), video = form.querySelector("[data-counter-video]"), stream;
  if (!camera || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  camera.hidden = false;
  function stop() {
    if (stream) stream.getTracks().forEach(function (track) { track.stop(); });
    stream = null;
    video.hidden = true;
    camera.setAttribute("aria-pressed", "false");
    entry.focus();
  }
  function look(detector) {
    if (!stream) return;
    detector.detect(video).then(function (found) {
      if (!found.length || !found[0].rawValue) return setTimeout(look, 200, detector);
      entry.value = found[0].rawValue;
      form.requestSubmit();
      setTimeout(look, 2500, detector);
    }, function () { setTimeout(look, 500, detector); });
  }
  camera.addEventListener("click", function () {
    if (stream) return stop();
    navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).then(function (given) {
      stream = given;
      video.srcObject = given;
      video.hidden = false;
      camera.setAttribute("aria-pressed", "true");
      return video.play();
    }).then(function () { look(new window.BarcodeDetector()); }, stop);
  });
  window.addEventListener("pagehide", stop);
})();
