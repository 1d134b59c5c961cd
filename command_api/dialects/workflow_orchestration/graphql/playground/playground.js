// Sends operations to this server: queries and mutations by POST, subscriptions by a WebSocket with
// the protocol graphql-transport-ws. Results are shown as text, never as markup.
"use strict";

const EXAMPLES = {
  "The newest workflows": [
    "query Workflows {\n  workflowDefinitions(first: 10) {\n    totalCount\n    edges {\n      node { id name version tasks { id name dependencies } }\n    }\n  }\n}",
    {},
  ],
  "Create a workflow": [
    "mutation CreateWorkflowDefinition($input: CreateWorkflowDefinitionInput!) {\n  createWorkflowDefinition(input: $input) {\n    id\n    name\n    version\n    tasks { id name dependencies }\n    synchronizationPoints { id name requiredTasks }\n  }\n}",
    {
      input: {
        name: "Sample Workflow",
        description: "A sample workflow definition",
        tasks: [
          { name: "Task 1", description: "First task" },
          { name: "Task 2", description: "Second task", dependencies: ["task-1"] },
        ],
        synchronizationPoints: [
          { name: "All Tasks Completed", requiredTasks: ["task-1", "task-2"] },
        ],
      },
    },
  ],
  "Start an execution": [
    "mutation StartWorkflowExecution($input: StartWorkflowExecutionInput!) {\n  startWorkflowExecution(input: $input) {\n    id\n    status\n    startTime\n  }\n}",
    { input: { workflowDefinitionId: "", initialContext: '{"key":"value"}' } },
  ],
  "The newest executions": [
    "query Executions {\n  workflowExecutions(first: 10) {\n    totalCount\n    edges {\n      node { id workflowDefinitionId status startTime endTime taskExecutions { id status attempts error } }\n    }\n  }\n}",
    {},
  ],
  "Follow an execution": [
    "subscription WorkflowExecutionUpdates($id: ID!) {\n  workflowExecutionUpdated(id: $id) {\n    id\n    status\n    startTime\n    endTime\n    taskExecutions { id taskDefinitionId status attempts error }\n  }\n}",
    { id: "" },
  ],
};
const SCHEMA =
  "query Schema {\n  __schema {\n    queryType { fields { name description args { name type { ...Kind } } type { ...Kind } } }\n    mutationType { fields { name description args { name type { ...Kind } } type { ...Kind } } }\n    subscriptionType { fields { name description args { name type { ...Kind } } type { ...Kind } } }\n    types { name kind description fields { name type { ...Kind } } inputFields { name type { ...Kind } } enumValues { name } }\n  }\n}\nfragment Kind on __Type { name kind ofType { name kind ofType { name kind ofType { name } } } }";

const MAX_SHOWN = 200; // results of a subscription that stay on the page

const element = (id) => document.getElementById(id);
let shown = [];
let stop = null;

function show(result) {
  shown.push(JSON.stringify(result, null, 2));
  shown = shown.slice(-MAX_SHOWN);
  const results = element("results");
  results.textContent = shown.join("\n\n");
  results.scrollTop = results.scrollHeight;
}

function report(text, failed = false) {
  element("status").textContent = text;
  element("status").className = failed ? "failed" : "";
}

function begin(stopping) {
  stop = stopping;
  element("stop").disabled = false;
}

// An operation that another one has replaced changes nothing on the page when it ends.
function end(stopping, text, failed) {
  if (stop !== stopping) return;
  stop = null;
  element("stop").disabled = true;
  report(text, failed);
}

function credentials() {
  const token = element("token").value.trim();
  const tenant = element("tenant").value.trim();
  return {
    ...(token && { Authorization: `Bearer ${token}` }),
    ...(tenant && { "X-Tenant": tenant }),
  };
}

// The kind of the operation: the first keyword outside of strings, comments and braces.
function isSubscription(text) {
  const bare = text.replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\])*"|#.*/g, "");
  let depth = 0;
  for (const [word] of bare.matchAll(/[{}]|[A-Za-z_]\w*/g)) {
    if (word === "{") depth += 1;
    else if (word === "}") depth -= 1;
    else if (depth === 0 && ["query", "mutation", "subscription"].includes(word)) {
      return word === "subscription";
    }
  }
  return false;
}

async function post(operation) {
  const leaving = new AbortController();
  const stopping = () => leaving.abort();
  begin(stopping);
  report("Waiting …");
  const began = performance.now();
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...credentials() },
      body: JSON.stringify(operation),
      signal: leaving.signal,
    });
    const result = await response.json();
    if (stop === stopping) show(result);
    const ms = Math.round(performance.now() - began);
    end(stopping, `${response.status} in ${ms} ms`, !response.ok || "errors" in result);
  } catch (error) {
    end(stopping, error.name === "AbortError" ? "Stopped" : `It failed: ${error.message}`, true);
  }
}

function subscribe(operation) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}/graphql`, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  const finish = (text, failed = false) => {
    end(finish.stopping, text, failed);
    socket.close(1000);
  };
  finish.stopping = () => finish("Stopped");
  begin(finish.stopping);
  report("Connecting …");
  socket.onopen = () => send({ type: "connection_init", payload: credentials() });
  socket.onclose = ({ code, reason }) => finish(`The server closed: ${code} ${reason}`, true);
  socket.onmessage = ({ data }) => {
    if (stop !== finish.stopping) return;
    const message = JSON.parse(data);
    if (message.type === "connection_ack") {
      send({ id: "1", type: "subscribe", payload: operation });
      report("Subscribed");
    } else if (message.type === "ping") {
      send({ type: "pong" });
    } else if (message.type === "next") {
      show(message.payload);
    } else if (message.type === "error") {
      show({ errors: message.payload });
      finish("Refused", true);
    } else if (message.type === "complete") {
      finish("Complete");
    }
  };
}

function run(text, variables) {
  if (stop !== null) stop();
  shown = [];
  element("results").textContent = "";
  const operation = { query: text, variables };
  if (isSubscription(text)) subscribe(operation);
  else post(operation);
}

function runWritten() {
  let variables = {};
  try {
    variables = JSON.parse(element("variables").value.trim() || "{}");
  } catch (error) {
    report(`The variables aren't JSON: ${error.message}`, true);
    return;
  }
  run(element("document").value, variables);
}

function choose(name) {
  const [text, variables] = EXAMPLES[name];
  element("document").value = text;
  element("variables").value = JSON.stringify(variables, null, 2);
}

for (const name of Object.keys(EXAMPLES)) {
  element("examples").append(new Option(name, name));
}
element("examples").onchange = ({ target }) => choose(target.value);
element("run").onclick = runWritten;
element("stop").onclick = () => stop?.();
element("schema").onclick = () => run(SCHEMA, {});
element("caller").onsubmit = (event) => {
  event.preventDefault();
  runWritten();
};
document.onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) runWritten();
};
choose("The newest workflows");
