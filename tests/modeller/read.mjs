// Reads DMN files as the bpmn.io and Camunda modellers do, and says in JSON what it found and what it minded.
import { readFileSync } from "node:fs";
import { DmnModdle } from "dmn-moddle";

const found = {};
for (const file of process.argv.slice(2)) {
  const { rootElement, warnings } = await new DmnModdle().fromXML(readFileSync(file, "utf8"));
  const decisions = (rootElement.drgElement ?? []).filter((each) => each.$type === "dmn:Decision");
  found[file] = {
    warnings: warnings.map((each) => each.message),
    tables: decisions.map(({ name, decisionLogic: table }) => ({
      name,
      hitPolicy: table.hitPolicy ?? "UNIQUE",
      inputs: table.input.map((each) => each.inputExpression.text),
      outputs: table.output.map((each) => each.name),
      rules: (table.rule ?? []).map((rule) => rule.inputEntry.map((each) => each.text)),
    })),
  };
}
console.log(JSON.stringify(found));
