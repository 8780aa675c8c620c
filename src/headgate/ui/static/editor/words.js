/* What may stand in a cell: the words that are offered while somebody types. */
(function () {
  "use strict";
  var _ = window.headgateWords;
  var NUMERIC = ["number", "integer", "percent", "money"];
  /* how a value of these types is written, to be changed where it stands */
  var WRITTEN = { date: "d('2026-01-31')", datetime: "d('2026-01-31T10:00:00Z')", duration: "duration('P2D')", months: "duration('P1Y6M')" };

  /* the same without a test around it, as outputs and facts hold it */
  var PLAIN = { date: ["2026-01-31", ""], datetime: ["2026-01-31T10:00:00Z", _("with its zone")], duration: ["P2D", _("2 days")], months: ["P1Y6M", _("1 year 6 months")] };

  /* what the codes of a policy file are called */
  var CALLED = {
    number: _("number"), integer: _("whole number"), percent: _("percentage"), money: _("amount"), string: _("text"), "enum": _("one of several"),
    bool: _("yes or no"), date: _("day"), datetime: _("moment"), duration: _("duration"), months: _("duration in months"), list: _("list"),
    unique: _("Unique"), any: _("Any"), first: _("First"), priority: _("Priority"), rule_order: _("Rule order"), output_order: _("Output order"), collect: _("Collect"),
    "true": _("yes"), "false": _("no")
  };
  window.headgateEditor.called = function (code) { return Object.prototype.hasOwnProperty.call(CALLED, code) ? CALLED[code] : code; };

  function quoted(value) { return "'" + value + "'"; }

  function condition(column) {
    var found = [];
    if (column.type === "bool") found = [["true", ""], ["false", ""]];
    else if (column.type === "enum") found = (column.values || []).map(function (v) { return [quoted(v), ""]; });
    else if (WRITTEN[column.type]) {
      var words = column.type === "duration" || column.type === "months" ? [_("shorter than"), _("at most"), _("longer than"), _("at least")] : [_("before"), _("until"), _("after"), _("from")];
      found = ["< ", "<= ", "> ", ">= "].map(function (sign, place) { return [sign + WRITTEN[column.type], words[place]]; });
      found.push(["[" + WRITTEN[column.type] + ".." + WRITTEN[column.type] + "]", _("between, both included")]);
    } else if (NUMERIC.indexOf(column.type) >= 0)
      found = [["< ", _("below")], ["<= ", _("at most")], ["> ", _("above")], [">= ", _("at least")], ["[1..5]", _("between, both included")], ["(1..5]", _("above 1, up to 5")], ["[1..5)", _("from 1, below 5")]];
    else if (column.type === "list") found = (column.values && column.values.length ? column.values : [""]).map(function (v) { return ["contains($, " + quoted(v) + ")", _("has this entry")]; });
    else found = [["''", _("this text")]];
    if (column.nullable === "true") found.push(["null", _("not known")]);
    found.push(["", _("any value")]);
    return found;
  }

  function result(column, inputs, text) {
    if (text.charAt(0) === "=")
      return inputs.map(function (c) { return [text.replace(/[a-z_0-9]*$/, "") + c.name, c.label]; });
    var found = [];
    if (column.type === "bool") found = [["true", ""], ["false", ""]];
    if (column.type === "enum") found = (column.values || []).map(function (v) { return [v, v === "" ? _("nothing") : ""]; });
    if (PLAIN[column.type]) found = [PLAIN[column.type]];
    if (column.nullable === "true") found.push(["null", _("not known")]);
    found.push(["= ", _("computed from inputs")]);
    return found;
  }

  function fact(column) {
    if (column.type === "bool") return [["true", ""], ["false", ""]];
    if (column.type === "enum") return (column.values || []).map(function (v) { return [v, ""]; });
    return (PLAIN[column.type] ? [PLAIN[column.type]] : []).concat(column.nullable === "true" ? [["null", _("not known")]] : []);
  }

  /* Of the words that fit a cell those that go on with what is typed; in a list of conditions, with its last part. */
  window.headgateEditor.offers = function (kind, column, inputs, text) {
    var all = kind === "when" ? condition(column) : kind === "then" ? result(column, inputs, text) : kind === "fact" ? fact(column) : [];
    var cut = kind === "when" ? text.lastIndexOf(",") + 1 : 0;
    var lead = text.slice(0, cut) + (cut ? " " : "");
    var typed = text.slice(cut).trim().toLowerCase();
    return all
      .filter(function (offer) { return !typed || (offer[0].toLowerCase().indexOf(typed) >= 0 && offer[0].toLowerCase() !== typed); })
      .slice(0, 12)
      .map(function (offer) { return { text: offer[0] === "" ? "" : lead + offer[0], shown: offer[0] || _("(empty)"), hint: offer[1] }; });
  };
})();
