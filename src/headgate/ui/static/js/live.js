/* A page that stays true. The server says that something changed, never what; the page asks for itself again, with its
   reader's own rights, and puts in what does not disturb: counts, states, rows already shown. New rows and all else wait
   behind a quiet line. Without the stream nothing happens, and the page is as old as it says. */
(function () {
  "use strict";
  var body = document.body;
  var WAIT = 1000, SHORTEST = 2000, LONGEST = 30000, AWAY = 5000, SLOWEST = 60000;
  var source = null, attempt = 0, since = body.dataset.now, retry = 0, away = 0;
  var timer = 0, gap = SHORTEST, last = 0, late = false, over = false, newest = null;
  /* what changes with the clock or by the reader's own hand */
  var PASSING = "time, .filters, .bulk, .notices, #live, #rows, #more, [data-live-part], [data-passing]";

  function connect() {
    retry = 0;
    if (source || over || document.hidden) return;
    source = new EventSource(body.dataset.live + "?since=" + encodeURIComponent(since));
    source.addEventListener("open", function () { attempt = 0; body.dataset.told = "yes"; });
    source.addEventListener("news", function (event) {
      since = event.lastEventId || since;
      heard();
    });
    source.addEventListener("over", signedOut);
    source.addEventListener("error", function () {
      hangUp();
      if (over || retry) return;
      attempt += 1;
      retry = setTimeout(connect, Math.min(SLOWEST, WAIT * Math.pow(2, attempt)) * (0.5 + Math.random()));
    });
  }

  function hangUp() {
    if (source) source.close();
    source = null;
    delete body.dataset.told;
  }

  function signedOut() {
    over = true;
    hangUp();
    var text = document.getElementById("live-text");
    if (text) say(text.dataset.over, text.dataset.enter);
  }

  /* Many pages hear at once, and a busy hour tells all the time: spread out, and the less often the more there is. */
  function heard() {
    if (timer) return;
    timer = setTimeout(again, Math.max(200 + Math.random() * 400, last + gap - performance.now()));
  }

  function again() {
    timer = 0;
    if (document.hidden) { late = true; return; }
    var now = performance.now();
    gap = now - last < 4 * gap ? Math.min(gap * 1.5, LONGEST) : SHORTEST;
    last = now;
    var whole = body.hasAttribute("data-live-page");
    var address = whole ? location.pathname + location.search : body.dataset.liveNav && body.dataset.liveNav + "?at=" + encodeURIComponent(body.dataset.at);
    if (!address) return;
    fetch(address, { headers: { "X-Headgate-Again": "yes" }, redirect: "manual", cache: "no-store" })
      .then(function (answer) {
        if (answer.type === "opaqueredirect" || answer.status === 401) signedOut();
        return answer.ok ? answer.text() : "";
      })
      .then(function (html) { if (html && address === (whole ? location.pathname + location.search : address)) take(html, whole); })
      .catch(function () { /* the next news try again */ });
  }

  function take(html, whole) {
    var found = new DOMParser().parseFromString(html, "text/html");
    swap(document.getElementById("nav"), found.getElementById("nav"));
    if (!whole) return;
    var main = document.getElementById("main"), theirs = found.getElementById("main");
    if (!main || !theirs) return;
    var changed = false;
    document.querySelectorAll("[data-live-part]").forEach(function (part) {
      if (!swap(part, found.getElementById(part.id))) changed = true;
    });
    var fresh = rows(found);
    changed = words(main) !== words(theirs) || fresh.changed || changed;
    newest = fresh.count || changed ? theirs : null;
    if (newest && follows(main)) { show(); return; }
    var text = document.getElementById("live-text");
    if (fresh.count) say(fresh.count === 1 ? text.dataset.one : text.dataset.many.replace("%n", fresh.count), text.dataset.show);
    else if (changed) say(text.dataset.changed, text.dataset.show);
    else document.getElementById("live").hidden = true;
  }

  /* What the reader did takes effect a moment later: the page goes on to it, unless they write already. */
  function follows(main) {
    if (!main.querySelector(".notices [data-follow]")) return false;
    return !Array.from(main.querySelectorAll("input:not([type=hidden]), textarea")).some(function (field) {
      return field.checked !== field.defaultChecked || field.value !== field.defaultValue;
    });
  }

  /* Rows that are here are brought up to date in their places; how many are not here yet is told. */
  function rows(found) {
    var mine = {}, seen = {}, count = 0, changed = false;
    document.querySelectorAll("#rows > [data-href]").forEach(function (row) { mine[row.dataset.href] = row; });
    found.querySelectorAll("#rows > [data-href]").forEach(function (row) {
      var here = mine[row.dataset.href];
      seen[row.dataset.href] = true;
      if (!here) count += 1;
      else if (!swap(here, row)) changed = true;
    });
    var all = !found.querySelector("#more a");
    if (all) Object.keys(mine).forEach(function (key) { changed = changed || !seen[key]; });
    return { count: count, changed: changed };
  }

  /* False when something has changed that cannot be put in now: the reader is at it. */
  function swap(here, there) {
    if (!here || !there) return here === there;
    if (same(here, there)) return true;
    if (here.contains(document.activeElement) || here.querySelector(":checked, [open], :popover-open")) return false;
    if (String(window.getSelection()) && window.getSelection().containsNode(here, true)) return false;
    var put = document.importNode(there, true);
    here.replaceWith(put);
    window.htmx.process(put);
    if (put.id !== "nav") put.classList.add("live-fresh");
    return true;
  }

  function same(here, there) {
    return bare(here, "time") === bare(there, "time");
  }

  function bare(element, without) {
    var copy = element.cloneNode(true);
    copy.querySelectorAll(without).forEach(function (each) { each.remove(); });
    return copy.textContent.replace(/\s+/g, " ").trim();
  }

  function words(main) { return bare(main, PASSING); }

  function say(text, label) {
    var live = document.getElementById("live"), place = document.getElementById("live-text");
    if (!live) return;
    if (place.textContent !== text) place.textContent = text;
    document.getElementById("live-show").textContent = label;
    live.hidden = false;
  }

  function show() {
    if (over || !newest) { location.reload(); return; }
    var main = document.getElementById("main");
    var chosen = Array.from(main.querySelectorAll("[data-pick]:checked"), function (box) { return box.value; });
    main.replaceChildren.apply(main, Array.from(document.importNode(newest, true).childNodes));
    newest = null;
    window.htmx.process(main);
    main.querySelectorAll("[data-pick]").forEach(function (box) { box.checked = chosen.indexOf(box.value) >= 0; });
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }

  document.addEventListener("click", function (event) { if (event.target.closest("#live-show")) show(); });
  if (!body.dataset.live || !window.EventSource) return;

  /* Only a page that is looked at is told: browsers open few connections to one place. */
  document.addEventListener("visibilitychange", function () {
    clearTimeout(away);
    if (document.hidden) { away = setTimeout(hangUp, AWAY); return; }
    attempt = 0;
    clearTimeout(retry);
    connect();
    if (late) { late = false; heard(); }
  });
  window.addEventListener("pagehide", hangUp);
  window.addEventListener("pageshow", function (event) { if (event.persisted) connect(); });
  /* the page's own things first */
  retry = setTimeout(connect, WAIT);
})();
