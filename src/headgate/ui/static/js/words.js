/* What scripts say, in the reader's language. A phrase is written here in English, as _("Row %(row)s", { row: 3 }) or
   _n("%(count)s error", "%(count)s errors", 2); the page brings what is said instead in blocks of data (ui/scripts.py). */
(function () {
  "use strict";
  var known = Object.create(null);
  document.querySelectorAll("script[data-words]").forEach(function (block) {
    Object.assign(known, JSON.parse(block.textContent));
  });

  function put(text, values) {
    return text.replace(/%\((\w+)\)s/g, function (all, name) { return values && name in values ? values[name] : all; });
  }

  window.headgateWords = function (text, values) {
    var found = known[text];
    return put(Array.isArray(found) ? found[0] : found || text, values);
  };
  window.headgateCount = function (one, many, count, values) {
    var forms = known[one] || [one, many];
    return put(count === 1 ? forms[0] : forms[1], Object.assign({ count: count }, values));
  };
})();
