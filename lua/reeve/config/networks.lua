--- networks: haproxy_trusted_networks, and whether the listeners that need it have it.

local M = {}

local function is_ipv4(text)
  local parts = { text:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  for _, part in ipairs(parts) do
    if #part > 3 or tonumber(part) > 255 or part:find "^0%d" then return false end
  end
  return #parts == 4
end

--- Groups of one half of an IPv6 address; nil: it is none.
local function groups(text)
  local n = 0
  if text == "" then return 0 end
  for group in (text .. ":"):gmatch "([^:]*):" do
    if not group:find "^%x%x?%x?%x?$" then return nil end
    n = n + 1
  end
  return n
end

local function is_ipv6(text)
  local first, second = text:match "^(.-)::(.*)$"
  if not first then return groups(text) == 8 end
  local a, b = groups(first), groups(second)
  return a ~= nil and b ~= nil and a + b < 8
end

--- "192.0.2.0/24", "::1"
function M.is_network(word)
  local address, bits = word:match "^([^/]*)/(%d%d?%d?)$"
  address, bits = address or word, tonumber(bits or 0)
  return is_ipv4(address) and bits <= 32 or is_ipv6(address) and bits <= 128
end

local function needs_it(services)
  for _, service in ipairs(services) do
    for _, listener in ipairs(service.listeners) do
      if listener.haproxy and service.settings.contract ~= "dovecot" then return service, listener end
    end
  end
end

--- Adds what is wrong with them to the problems.
---@param plan table of effective.lua
---@param services table[]
function M.check(plan, services)
  local value = plan.values.haproxy_trusted_networks
  for _, word in ipairs(value and value.list or {}) do
    if not M.is_network(word) then
      value.reading:problem("value", { value.key }, "network", ("%s: '%s' is no network"):format(value.key, word),
        "write 192.0.2.0/24, 2001:db8::/32 or an address")
    end
  end
  local service, listener = needs_it(services)
  if service and plan:text "haproxy_trusted_networks" == "" then
    plan.script:problem(service.said_at, "call", nil, "nobody-trusted",
      ("haproxy_trusted_networks is empty, so nobody can use listener '%s' of service '%s'"):format(listener.name,
        service.name), "write the load balancer's address into settings { haproxy_trusted_networks = \"…\" }",
          "warning")
  end
end

return M
