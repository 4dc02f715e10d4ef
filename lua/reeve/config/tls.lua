--- tls: what reeve-tls(8) is told about a listener with ssl: certificates, protocol, and whose clients' certificates
-- are good. Each file becomes one of the service's open_files, each setting a word of the program.

local M = {}

function M.problem(told, name, code, message, hint, severity)
  local value = name and told.reading.values[name]
  if value then return told.reading:problem("value", { value.key }, code, message, hint, severity) end
  told.reading:problem("call", {}, code, message, hint, severity)
end

--- A list of absolute paths; Dovecot's "</path" is taken, too.
local function paths(plan, list)
  local all = {}
  for i, word in ipairs(list) do all[i] = plan:absolute((word:gsub("^<", ""))) end
  return all
end

--- The files of a setting: the listener's own or the global ones.
local function files_of(plan, told, name)
  local value = told.reading.values[name]
  if value == nil then value = plan.values[name] end
  return value and paths(plan, value.list) or {}
end

--- The text of a setting: the listener's own or the global one.
local function text_of(plan, told, name)
  local value = told.reading.values[name]
  return value and value.canonical ~= "" and value.canonical or plan:text(name)
end

local VERDICTS = {
  bad = { "certificate", nil },
  ["not now"] = { "certificate-time", "renew it; at a start and at a reload this is a warning" },
  unreadable = { "unreadable", "root can read it, you cannot, so it was not looked at", "warning" },
}

--- Has reeve-tls look at something, and says what is wrong with it: `what` the mistake is about, words for the door
-- `certificate`. An expired certificate must not keep a machine from starting.
local function check(plan, told, name, what, ...)
  local verdict, sentence = "good", nil
  if plan.opts.certificate then verdict, sentence = plan.opts.certificate(table.concat({ ... }, "\0")) end
  if verdict == "good" then return end
  local row = VERDICTS[verdict] or VERDICTS.bad
  local severity = row[3] or verdict == "not now" and not plan.opts.is_check and "warning" or nil
  if not sentence:find "^/" and verdict ~= "unreadable" then sentence = ("%s: %s"):format(what, sentence) end
  M.problem(told, name, row[1], ("%s: %s"):format(told.what, sentence), row[2], severity)
end

--- Adds --certificate for each pair.
local function add_certificates(plan, told, argv, file)
  local certificates, keys = files_of(plan, told, "ssl_cert"), files_of(plan, told, "ssl_key")
  if #certificates == 0 then
    return M.problem(told, "ssl", "no-certificate", ("%s has ssl = true, but there is no ssl_cert"):format(told.what),
      "write ssl_cert and ssl_key, here or in settings { }")
  end
  if #certificates ~= #keys then
    return M.problem(told, "ssl_key", "no-key",
      ("%s: %d of ssl_cert, %d of ssl_key; each certificate has one key"):format(told.what, #certificates, #keys))
  end
  for i, certificate in ipairs(certificates) do
    check(plan, told, "ssl_cert", certificate .. " and " .. keys[i], "pair", certificate, keys[i])
    for _, word in ipairs { "--certificate", file(certificate), file(keys[i]) } do argv[#argv + 1] = word end
  end
end

local function add_protocol(plan, told, argv)
  local least, ciphers = text_of(plan, told, "ssl_min_protocol"), text_of(plan, told, "ssl_cipher_list")
  if least ~= plan.schema:default("global", "ssl_min_protocol") then
    table.move({ "--min-protocol", least }, 1, 2, #argv + 1, argv)
  end
  if ciphers ~= "" then
    check(plan, told, "ssl_cipher_list", "ssl_cipher_list", "ciphers", ciphers)
    table.move({ "--ciphers", (ciphers:gsub("[%s,]+", ":")) }, 1, 2, #argv + 1, argv)
  end
end

--- Adds --verify-client and the authorities' files.
local function add_clients(plan, told, argv, file)
  local verify, authorities = text_of(plan, told, "ssl_verify_client_cert"), files_of(plan, told, "ssl_ca")
  if verify == "false" then
    if told.reading.values.ssl_ca then
      M.problem(told, "ssl_ca", "no-effect", ("ssl_ca of %s has no effect: no client is asked for a certificate")
        :format(told.what), "write ssl_verify_client_cert = \"required\"", "warning")
    end
    return
  end
  if #authorities == 0 then
    return M.problem(told, "ssl_verify_client_cert", "no-ca",
      ("%s: ssl_verify_client_cert is %s, but there is no ssl_ca"):format(told.what, verify),
      "name the file of the authorities whose certificates are good: ssl_ca = \"…\"")
  end
  if verify == "true" and not told.send_proxy then
    M.problem(told, "ssl_verify_client_cert", "no-effect",
      ("ssl_verify_client_cert of %s has no effect: clients without a certificate may come, too, and the program does "
        .. "not learn who has one"):format(told.what), "write \"required\", or send_proxy = true", "warning")
  end
  table.move({ "--verify-client", verify }, 1, 2, #argv + 1, argv)
  for _, path in ipairs(authorities) do
    check(plan, told, "ssl_ca", path, "authorities", path)
    table.move({ "--ca", file(path) }, 1, 2, #argv + 1, argv)
  end
end

--- The settings that only a listener with ssl has a use for.
M.SETTINGS = { "ssl_cert", "ssl_key", "ssl_min_protocol", "ssl_cipher_list", "ssl_ca", "ssl_verify_client_cert" }

--- Adds the words about a listener with ssl to `argv`.
---@param plan table of effective.lua
---@param told table what was said about the listener (listeners.lua)
---@param argv string[]
---@param file function path -> its name in open_files
function M.add(plan, told, argv, file)
  add_certificates(plan, told, argv, file)
  add_protocol(plan, told, argv)
  add_clients(plan, told, argv, file)
end

return M
