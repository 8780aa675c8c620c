/* What is being edited: the grid as the server told it, its history for undo, and whether it is saved. */
(function () {
  "use strict";
  var MOST_STEPS = 200, MOST_KEPT = 40000000;

  window.headgateEditor = {};

  window.headgateEditor.model = function (told) {
    var model = { grid: told.grid, text: told.text, issues: told.issues, tests: told.tests, fit: told.fit, more: told.more, errors: told.errors };
    var words = told.words || {};
    var saved = JSON.stringify(told.grid);
    var past = [];
    var future = [];
    var listeners = [];

    function say(what) { listeners.forEach(function (listener) { listener(what); }); }

    model.listen = function (listener) { listeners.push(listener); };
    /* a column as the reader calls it: its label, in their language where a pack has it */
    model.titled = function (column) { return model.told(column.label) || column.name; };
    /* a text of the file as the reader says it; one of their own as it is */
    model.told = function (text) { return (Object.prototype.hasOwnProperty.call(words, text) && words[text]) || text || ""; };
    model.dirty = function () { return JSON.stringify(model.grid) !== saved; };

    /* every change goes through here, so that it can be taken back; `shape` tells that rows or columns changed */
    model.change = function (act, shape) {
      past.push(JSON.stringify(model.grid));
      while (past.length > Math.min(MOST_STEPS, Math.max(5, MOST_KEPT / past[0].length))) past.shift();
      future = [];
      act(model.grid);
      say(shape ? "shape" : "cell");
    };

    function step(from, to) {
      if (!from.length) return;
      to.push(JSON.stringify(model.grid));
      model.grid = JSON.parse(from.pop());
      say("shape");
    }
    model.undo = function () { step(past, future); };
    model.redo = function () { step(future, past); };

    model.checked = function (answer) {
      model.issues = answer.issues;
      model.more = answer.more;
      model.errors = answer.errors;
      model.tests = answer.tests;
      model.fit = answer.fit;
      say("checked");
    };

    /* what was stored is the new ground: places in the file are counted in it from here on */
    model.stored = function (answer, sent) {
      words = answer.words || words;
      var meanwhile = JSON.stringify(model.grid) !== sent;
      model.text = answer.text;
      saved = JSON.stringify(answer.grid);
      if (meanwhile) renumber(model.grid, JSON.parse(sent), answer.grid);
      else model.grid = answer.grid;
      past = [];
      future = [];
      model.checked(answer);
      say("shape");
    };

    model.replace = function (answer) {
      words = answer.words || words;
      model.text = answer.text;
      model.change(function () { model.grid = answer.grid; }, true);
      model.checked(answer);
    };

    return model;
  };

  /* something was typed while the save was under way: keep it, and count places as the stored file does */
  function renumber(now, sent, stored) {
    ["inputs", "outputs", "rows", "tests"].forEach(function (part) {
      now[part].forEach(function (each) {
        var at = sent[part].findIndex(function (other) { return other.key ? other.key === each.key : other.from === each.from; });
        if (at >= 0 && stored[part][at]) each.from = stored[part][at].from;
        else delete each.from;
      });
    });
  }
})();
