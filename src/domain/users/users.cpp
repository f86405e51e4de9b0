#include "domain/users/users.h"

#include "domain/box/keys.h"
#include "domain/box/record.h"

namespace helio::domain {

Task<std::optional<tl::record::Profile>> Users::find(UserId user) {
  if (user == kServiceUser) {
    tl::record::Profile service;
    service.user_id = user.value;
    service.first_name = service_name_;
    co_return service;
  }
  const Bytes partition = user_partition(user);
  std::vector<Bytes> keys{key::profile()};
  const store::Values values = co_await kv_.get(partition, std::move(keys));
  if (!values.values[0]) co_return std::nullopt;
  co_return record_of<tl::record::Profile>(partition, key::profile(), *values.values[0]);
}

Task<std::vector<std::optional<UserView>>> Users::view(UserId viewer, std::vector<UserId> ids) {
  std::vector<std::optional<UserView>> views;
  if (ids.empty()) co_return views;
  const Bytes partition = user_partition(viewer);
  std::vector<Bytes> keys;
  for (const UserId id : ids) keys.push_back(key::contact(id));
  const store::Values contacts = co_await kv_.get(partition, keys);

  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto profile = co_await find(ids[i]);
    auto& view = views.emplace_back();
    if (!profile) continue;
    view.emplace();
    view->profile = *std::move(profile);
    view->self = ids[i] == viewer;
    if (const auto& contact = contacts.values[i]) {
      view->contact = record_of<tl::record::Contact>(partition, keys[i], *contact);
    }
  }
  co_return views;
}

}  // namespace helio::domain
