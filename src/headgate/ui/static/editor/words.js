/* What may stand in a cell: the words that are offered while somebody types. */
(function () {
  "use strict";
  var NUMERIC = ["number", "integer", "percent", "money"];
  /* how a value of these types is written, to be changed where it stands */
  var WRITTEN = { date: "d('2026-01-31')", datetime: "d('2026-01-31T10:00:00Z')", duration: "duration('P2D')", months: "duration('P1Y6M')" };

  /* the same without a test around it, as outputs and facts hold it */
  var PLAIN = { date: ["2026-01-31", ""], datetime: ["2026-01-31T10:00:00Z", "with its zone"], duration: ["P2D", "2 days"], months: ["P1Y6M", "1 year 6 months"] };

  function quoted(value) { return "'" + value + "'"; }

  function condition(column) {
    var found = [];
    if (column.type === "bool") found = [["true", ""], ["false", ""]];
    else if (column.type === "enum") found = (column.values || []).map(function (v) { return [quoted(v), ""]; });
    else if (WRITTEN[column.type]) {
      var words = column.type === "duration" || column.type === "months" ? ["shorter than", "at most", "longer than", "at least"] : ["before", "until", "after", "from"];
      found = ["< ", "<= ", "> ", ">= "].map(function (sign, place) { return [sign + WRITTEN[column.type], words[place]]; });
      found.push(["[" + WRITTEN[column.type] + ".." + WRITTEN[column.type] + "]", "between, both included"]);
    } else if (NUMERIC.indexOf(column.type) >= 0)
      found = [["< ", "below"], ["<= ", "at most"], ["> ", "above"], [">= ", "at least"], ["[1..5]", "between, both included"], ["(1..5]", "above 1, up to 5"], ["[1..5)", "from 1, below 5"]];
    else if (column.type === "list") found = (column.values && column.values.length ? column.values : [""]).map(function (v) { return ["contains($, " + quoted(v) + ")", "has this entry"]; });
    else found = [["''", "this text"]];
    if (column.nullable === "true") found.push(["null", "not known"]);
    found.push(["", "any value"]);
    return found;
  }

  function result(column, inputs, text) {
    if (text.charAt(0) === "=")
      return inputs.map(function (c) { return [text.replace(/[a-z_0-9]*$/, "") + c.name, c.label || c.type]; });
    var found = [];
    if (column.type === "bool") found = [["true", ""], ["false", ""]];
    if (column.type === "enum") found = (column.values || []).map(function (v) { return [v, v === "" ? "nothing" : ""]; });
    if (PLAIN[column.type]) found = [PLAIN[column.type]];
    if (column.nullable === "true") found.push(["null", "not known"]);
    found.push(["= ", "computed from inputs"]);
    return found;
  }

  function fact(column) {
    if (column.type === "bool") return [["true", ""], ["false", ""]];
    if (column.type === "enum") return (column.values || []).map(function (v) { return [v, ""]; });
    return (PLAIN[column.type] ? [PLAIN[column.type]] : []).concat(column.nullable === "true" ? [["null", "not known"]] : []);
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
      .map(function (offer) { return { text: offer[0] === "" ? "" : lead + offer[0], shown: offer[0] || "(empty)", hint: offer[1] }; });
  };
})();
