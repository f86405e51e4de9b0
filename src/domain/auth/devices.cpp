#include "domain/auth/devices.h"

#include "base/text.h"
#include "domain/box/record.h"
#include "domain/users/blank.h"
#include "tl/types/records/device/setClient.h"
#include "tl/types/records/device/signIn.h"
#include "tl/types/records/device/signOut.h"

namespace helio::domain {

namespace record = tl::record;

namespace {

constexpr std::size_t kStringSizeMax = 256;

std::string cut(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size()) {
    const std::size_t next = first_character(text.substr(size)).size;
    if (size + next > kStringSizeMax) break;
    size += next;
  }
  return std::string(text.substr(0, size));
}

ClientInfo client_of(const record::Device& device) {
  return {device.layer,       device.api_id,           device.device_model, device.system_version,
          device.app_version, device.system_lang_code, device.lang_pack,    device.lang_code};
}

}  // namespace

// What one core knows. A change of any device while one is being read makes the read worthless for keeping.
struct Devices::Kept {
  using Entry = std::pair<std::int64_t, std::shared_ptr<const record::Device>>;
  std::list<Entry> by_use;  // The last used first.
  std::unordered_map<std::int64_t, std::list<Entry>::iterator> places;
  std::uint64_t changes = 0;

  std::shared_ptr<const record::Device> find(std::int64_t auth_key) {
    const auto found = places.find(auth_key);
    if (found == places.end()) return nullptr;
    by_use.splice(by_use.begin(), by_use, found->second);
    return found->second->second;
  }
  void keep(std::int64_t auth_key, std::shared_ptr<const record::Device> device, std::size_t kept_max) {
    drop(auth_key);
    if (places.size() >= kept_max) drop(by_use.back().first);
    by_use.emplace_front(auth_key, std::move(device));
    places.emplace(auth_key, by_use.begin());
  }
  void drop(std::int64_t auth_key) {
    const auto found = places.find(auth_key);
    if (found == places.end()) return;
    by_use.erase(found->second);
    places.erase(found);
  }
};

Devices::Devices(Boxes& boxes, store::Kv& kv, Cores& cores, std::size_t kept_per_core)
    : boxes_(boxes), kv_(kv), cores_(cores), kept_max_(kept_per_core) {
  for (int core = 0; core < cores.count(); ++core) per_core_.push_back(std::make_shared<Kept>());
}

Task<std::shared_ptr<const record::Device>> Devices::get(std::int64_t auth_key) {
  Kept& kept = *per_core_[static_cast<std::size_t>(cores_.here())];
  if (auto known = kept.find(auth_key)) co_return known;

  const std::uint64_t changes = kept.changes;
  const Bytes partition = device_partition(auth_key);
  std::vector<Bytes> keys{key::device()};
  const store::Values values = co_await kv_.get(partition, std::move(keys));
  auto device = std::make_shared<record::Device>();
  if (values.values[0]) *device = record_of<record::Device>(partition, key::device(), *values.values[0]);
  if (kept.changes == changes) kept.keep(auth_key, device, kept_max_);
  co_return device;
}

void Devices::changed(std::int64_t auth_key) {
  for (int core = 0; core < cores_.count(); ++core) {
    const auto& kept = per_core_[static_cast<std::size_t>(core)];
    const auto forget = [auth_key](Kept& what) {
      ++what.changes;
      what.drop(auth_key);
    };
    if (core == cores_.here()) {
      forget(*kept);
    } else {
      cores_.post(core, [kept, forget] { forget(*kept); });
    }
  }
}

Task<Result<>> Devices::set_client(std::int64_t auth_key, ClientInfo info) {
  for (std::string* text : {&info.device_model, &info.system_version, &info.app_version, &info.system_lang_code,
                            &info.lang_pack, &info.lang_code}) {
    *text = cut(*text);
  }
  const auto known = co_await get(auth_key);
  if (client_of(*known) == info) co_return Result<>();

  tl::device::setClient command;
  command.layer = info.layer;
  command.api_id = info.api_id;
  command.device_model = std::move(info.device_model);
  command.system_version = std::move(info.system_version);
  command.app_version = std::move(info.app_version);
  command.system_lang_code = std::move(info.system_lang_code);
  command.lang_pack = std::move(info.lang_pack);
  command.lang_code = std::move(info.lang_code);
  const auto done = co_await boxes_.run(device_partition(auth_key), std::move(command));
  changed(auth_key);
  CO_CHECK(done);
  co_return Result<>();
}

Task<Result<>> Devices::sign_in(std::int64_t auth_key, UserId user, std::int32_t date) {
  tl::device::signIn command;
  command.user_id = user.value;
  command.date = date;
  const auto done = co_await boxes_.run(device_partition(auth_key), std::move(command));
  changed(auth_key);
  CO_CHECK(done);
  co_return Result<>();
}

Task<Result<>> Devices::sign_out(std::int64_t auth_key) {
  const auto done = co_await boxes_.run(device_partition(auth_key), tl::device::signOut());
  changed(auth_key);
  CO_CHECK(done);
  co_return Result<>();
}

}  // namespace helio::domain
