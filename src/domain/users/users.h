// domain/users/users.h: who somebody is, to whom.
//
// Threads: any core. Reads committed state; throws StoreDown.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "domain/box/ids.h"
#include "store/kv.h"
#include "tl/types/records/Contact.h"
#include "tl/types/records/Profile.h"

namespace helio::domain {

// The instance itself: sends login codes and notices. Clients know the number.
inline constexpr UserId kServiceUser{777000};

struct UserView {
  tl::record::Profile profile;
  std::optional<tl::record::Contact> contact;  // The viewer's own name for them.
  bool self = false;
};

class Users {
 public:
  // `service_name`: what the service user is called.
  Users(store::Kv& kv, std::string service_name) : kv_(kv), service_name_(std::move(service_name)) {}

  Task<std::optional<tl::record::Profile>> find(UserId user);
  // As `viewer` sees them: one for each id, nullopt where there is nobody.
  Task<std::vector<std::optional<UserView>>> view(UserId viewer, std::vector<UserId> ids);

 private:
  store::Kv& kv_;
  std::string service_name_;
};

}  // namespace helio::domain
