# A gate for one machine, in plain workerd: the Worker, its KV and its Durable Objects, all data below data/.
# "./start" runs it; settings come from the environment (README.md).
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gate", worker = .gate),
    (name = "kv", worker = .kv),
    (name = "dashboard", disk = "dashboard"),
    # Origins may be on this machine or in a private network. Certificates are checked as browsers do.
    (name = "network", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
    (name = "objects", disk = (path = "data/objects", writable = true)),
    (name = "values", disk = (path = "data/values", writable = true)),
  ],
  sockets = [
    # A proxy in front that speaks TLS says so in X-Forwarded-Proto; "start" names the address.
    (name = "gate", address = "127.0.0.1:8787", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = "gate"),
    # KV for whoever may open the socket: curl --unix-socket data/kv.sock http://kv/config
    (name = "kv", address = "unix:data/kv.sock", http = (), service = "kv"),
  ],
);

const gate :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = embed "main.js"),
    (name = "worker.js", esModule = embed "worker.js"),
  ],
  compatibilityDate = "@DATE@",
  compatibilityFlags = [@FLAGS@],
  bindings = [
    (name = "GATE", kvNamespace = "kv"),
    (name = "CONTROLLER", durableObjectNamespace = "Controller"),
    (name = "COUNTERS", durableObjectNamespace = "Counters"),
    (name = "ASSETS", service = "dashboard"),
    # This KV shows each change at once, and nothing here is billed.
    (name = "KV_UNCACHED", text = "true"),
    (name = "COUNTING", text = "prompt"),
    (name = "ENVIRONMENT", fromEnvironment = "ENVIRONMENT"),
    (name = "ADMIN_TOKEN", fromEnvironment = "ADMIN_TOKEN"),
    (name = "SIGNING_KEY", fromEnvironment = "SIGNING_KEY"),
    (name = "SIGNING_KEY_PREVIOUS", fromEnvironment = "SIGNING_KEY_PREVIOUS"),
    (name = "ADMIN_HOST", fromEnvironment = "ADMIN_HOST"),
    # Secrets that the document names; add a line for each that a later document names.
@SECRETS@  ],
  globalOutbound = "network",
  durableObjectNamespaces = [
    (className = "Controller", uniqueKey = "controller", enableSql = true),
    (className = "Counters", uniqueKey = "counters", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);

const kv :Workerd.Worker = (
  modules = [(name = "kv.js", esModule = embed "kv.js")],
  compatibilityDate = "@DATE@",
  bindings = [(name = "VALUES", durableObjectNamespace = "Values")],
  durableObjectNamespaces = [(className = "Values", uniqueKey = "values", enableSql = true)],
  durableObjectStorage = (localDisk = "values"),
);
