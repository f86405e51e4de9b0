// domain/auth/devices.h: who is signed in on which permanent auth key, with which client.
//
// Every request asks for its device, so each core keeps the ones it serves; a change is seen by the changing core at
// once, by the others as soon as word reaches them.
//
// Threads: any core.
#pragma once
#include <list>
#include <unordered_map>

#include "domain/box/boxes.h"
#include "tl/types/records/Device.h"

namespace helio::domain {

// What initConnection and invokeWithLayer say.
struct ClientInfo {
  std::int32_t layer = 0;
  std::int32_t api_id = 0;
  std::string device_model{}, system_version{}, app_version{}, system_lang_code{}, lang_pack{}, lang_code{};
  friend bool operator==(const ClientInfo&, const ClientInfo&) = default;
};

class Devices {
 public:
  Devices(Boxes& boxes, store::Kv& kv, Cores& cores, std::size_t kept_per_core = 100'000);

  // The record of `auth_key`; an empty one (user_id 0, layer 0) for a key that is new. Throws StoreDown.
  Task<std::shared_ptr<const tl::record::Device>> get(std::int64_t auth_key);

  // Durable when it returns. What is known already costs nothing. Strings are cut to 256 bytes.
  Task<Result<>> set_client(std::int64_t auth_key, ClientInfo info);
  Task<Result<>> sign_in(std::int64_t auth_key, UserId user, std::int32_t date);
  Task<Result<>> sign_out(std::int64_t auth_key);

 private:
  struct Kept;
  void changed(std::int64_t auth_key);

  Boxes& boxes_;
  store::Kv& kv_;
  Cores& cores_;
  std::size_t kept_max_;
  std::vector<std::shared_ptr<Kept>> per_core_;
};

}  // namespace helio::domain
