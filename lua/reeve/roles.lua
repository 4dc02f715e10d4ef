--- Roles: who may do what on the control socket. Who somebody is, the kernel says (SO_PEERCRED, SO_PEERGROUPS).

local M = {}

--- What a role includes: the smaller ones.
M.RANK = { observer = 1, operator = 2, admin = 3 }

local LISTS = { { "admin", "admins" }, { "operator", "operators" }, { "observer", "observers" } }

--- Whether `role` may do what needs `least`.
function M.may(role, least) return (M.RANK[role] or 0) >= M.RANK[least] end

local function set(list)
  local s = {}
  for _, id in ipairs(list or {}) do s[id] = true end
  return s
end

local function is_among(peer, users, groups)
  if users[peer.uid] or groups[peer.gid] then return true end
  for _, gid in ipairs(peer.groups or {}) do
    if groups[gid] then return true end
  end
  return false
end

--- A function that knows everybody's role: root and `own_uid` (who started the daemon) are admins, the others what
-- `control` (plan.control) says, the highest of what fits.
---@param control table|nil
---@param own_uid integer
---@return fun(peer: { uid: integer, gid: integer, groups: integer[] }): string|nil, string|nil
function M.of(control, own_uid)
  local lists = {}
  for i, row in ipairs(LISTS) do
    local people = control and control[row[2]] or {}
    lists[i] = { role = row[1], users = set(people.users), groups = set(people.groups) }
  end
  lists[1].users[0], lists[1].users[own_uid] = true, true
  return function(peer)
    for _, list in ipairs(lists) do
      if is_among(peer, list.users, list.groups) then return list.role end
    end
    return nil, ("uid %d may not talk to this daemon: it is neither root%s nor named in settings { control = … }")
      :format(peer.uid, own_uid == 0 and "" or (" nor uid %d"):format(own_uid))
  end
end

return M
