--- identity: who the processes of a service are: user, group, extra groups, and what only root may change of these.

local M = {}

--- Who runs the processes: uid, gid, shown names.
local function resolve_user(self)
  local plan = self.plan
  if plan.uid ~= 0 and not self:wrote "user" then return plan.uid, plan.opts.gid or -1 end
  local fallback = self:text "type" == "login" and "default_login_user" or "default_internal_user"
  local value = self.values.user
  if value == false then return nil end
  local name = value and value.canonical or plan:text(fallback)
  local uid, gid = plan:user(name)
  if not uid then
    if value then
      plan:id(value.reading, "user")
    elseif plan.values[fallback] == nil then
      self:problem("user", "unknown-user",
        ("%s: there is no user '%s' (%s) on this system"):format(self.what, name, fallback),
        "write user = \"…\"")
    end
    return nil
  end
  return uid, gid, name
end

local function resolve_group(self, primary, user_name)
  if self.values.group == false then return nil end
  if self:wrote "group" then
    local value = self.values.group
    return self.plan:id(value.reading, "group"), value.canonical
  end
  if primary == nil and user_name then
    self:problem("user", "unknown-group",
      ("%s: user '%s' has no primary group known here"):format(self.what, user_name), "write group = \"…\"")
  end
  return primary
end

--- The numbers of the extra groups, as the wire has them.
function M.extra_groups(self)
  local value, ids = self.values.extra_groups, {}
  for _, name in ipairs(value and value.list or {}) do
    local gid = self.plan:group(name)
    if not gid then
      self:problem("extra_groups", "unknown-group",
        ("extra_groups of %s: there is no group '%s' on this system"):format(self.what, name))
    end
    ids[#ids + 1] = gid and tostring(gid) or nil
  end
  return table.concat(ids, ",")
end

local function resolve_ids(self, out)
  local uid, primary, name = resolve_user(self)
  local gid, group_name = resolve_group(self, primary, name)
  out.settings.user, out.settings.group = tostring(uid or -1), tostring(gid or -1)
  out.shown.user, out.shown.group = name, group_name
  local engine = tonumber(self.plan.result.globals.engine_user) or -1
  if uid and uid > 0 and uid == engine and self.plan.uid == 0 then
    self:problem("user", "engine-user", ("user of %s: no service may run as the engine's user '%s'"):format(self.what,
      self.plan.result.engine_user), "name another user, or another engine_user")
  end
  return uid, gid
end

local function check_not_root(self, uid, gid)
  local plan = self.plan
  if plan.uid == 0 then return end
  local function refuse(name, what)
    self:problem(name, "needs-root", ("%s of %s: %s"):format(name, self.what, what),
      "start Reeve as root, or leave it out")
  end
  if self.values.user and uid and uid ~= plan.uid then refuse("user", "only root can run a process as another user") end
  if self.values.group and gid and gid ~= (plan.opts.gid or gid) then
    refuse("group", "only root can change the group of a process")
  end
  if self.values.chroot and self:text "chroot" ~= "" then refuse("chroot", "only root can enter a chroot") end
  if self.values.extra_groups and self:text "extra_groups" ~= "" then
    refuse("extra_groups", "only root can set groups")
  end
  if self.values.privileged_group then refuse("privileged_group", "only root can set groups") end
  if self:number "nice" < 0 then refuse("nice", "only root can be served before others") end
  if self:number "oom_score_adj" < 0 then refuse("oom_score_adj", "only root can protect a process from the kernel") end
end

--- Puts uid and gid into out.settings and the names into out.shown; what this daemon cannot do is a problem.
---@param self table a service of service.lua
---@param out table the plan's service
function M.resolve(self, out)
  check_not_root(self, resolve_ids(self, out))
end

return M
