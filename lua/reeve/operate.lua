--- What an operator wants of a service: the order to the master, and the event for the policies.

local view = require "reeve.view"

local M = {}

--- enum service_verb of src/wire/wire.h
M.VERBS = { start = 0, stop = 1, restart = 2, drain = 3, reset = 4 }

--- Does it. The service exists and the verb is one of VERBS: the caller's duty.
---@param ctx { host: table, plan: table }
---@param order table reeve.wire's
---@param name string
---@param verb string
---@param ticket integer|nil of ctx.ticket(), for the answer
function M.service(ctx, order, name, verb, ticket)
  local _, svc = view.definition(ctx, name)
  order.service_do { svc = svc, verb = M.VERBS[verb], ticket = ticket or 0 }
  ctx.host:operator(name, verb) -- `reset` lifts a quarantine there
end

--- The operator's vote: bounds = { at_least, at_most, until (seconds of s.now) }, each optional; nil takes it back.
---@param ctx { host: table }
---@param name string
---@param bounds table|nil
function M.scale(ctx, name, bounds) ctx.host:override(name, bounds) end

return M
