#include "mtproto/salts.h"

#include "crypto/sha.h"

namespace helio::mtproto {

// Input of one length, so that nothing can be appended to it, and of less than one block of the hash: fast.
Salts::Group Salts::make(std::int32_t group) const {
  std::array<char, 12> what;
  store_le(what.data(), auth_key_id_);
  store_le(what.data() + 8, group);
  const auto hash = crypto::sha256(*secret_, what);
  Group salts;
  for (std::size_t i = 0; i < salts.size(); ++i) {
    const std::int32_t since = (group * 4 + static_cast<std::int32_t>(i)) * kPeriod;
    salts[i] = {since, since + 2 * kPeriod, load_le<std::int64_t>(hash.data() + 8 * i)};
  }
  return salts;
}

const Salts::Salt& Salts::at(std::int32_t period) {
  Salt& salt = recent_[static_cast<std::size_t>(period) % recent_.size()];
  if (salt.since != period * kPeriod || salt.until == 0) salt = make(period / 4)[static_cast<std::size_t>(period % 4)];
  return salt;
}

std::vector<Salts::Salt> Salts::future(std::int32_t now, int count) const {
  std::vector<Salt> salts;
  Group group;
  for (std::int32_t period = now / kPeriod; static_cast<int>(salts.size()) < count; ++period) {
    if (salts.empty() || period % 4 == 0) group = make(period / 4);
    salts.push_back(group[static_cast<std::size_t>(period % 4)]);
  }
  return salts;
}

bool Salts::accepts(std::int64_t salt, std::int32_t now) {
  const std::int32_t period = now / kPeriod;
  return at(period).value == salt || at(period - 1).value == salt ||
         (first_.value == salt && first_.since <= now && now < first_.until);
}

}  // namespace helio::mtproto
