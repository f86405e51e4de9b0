#include "net/address_limits.h"

#include "base/bytes.h"

namespace helio::net {

namespace {

constexpr double kNetworkFactor = 5;

struct Keys {
  std::uint64_t address, network;
};

// IPv4 addresses and the IPv6 prefixes of today's global unicast (2000::/3) have their top bit clear: set, it keeps a
// network apart from its addresses. A clash would share a limit, nothing worse.
Keys keys_of(const boost::asio::ip::address& address) {
  constexpr std::uint64_t kNetworkMark = 1ull << 63;
  if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
    const auto bytes = address.to_v6().to_bytes();
    const auto prefix = load_be<std::uint64_t>(bytes.data());
    return {prefix, (prefix >> 16 << 16) ^ kNetworkMark};
  }
  const auto v4 =
      address.is_v4() ? address.to_v4() : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  const std::uint64_t number = v4.to_uint();
  return {number, (number >> 8 << 8) ^ kNetworkMark};
}

}  // namespace

std::uint64_t address_key(const boost::asio::ip::address& address) {
  return keys_of(address).address;
}

AddressLimits::Share& AddressLimits::share(std::uint64_t key, double factor) {
  const Ticks now = clock_.ticks();
  const auto [it, is_new] = shares_.try_emplace(key, Share{ceilings_.burst * factor, now});
  Share& share = it->second;
  const std::chrono::duration<double> passed = now - share.refilled;
  share.tokens = std::min(ceilings_.burst * factor, share.tokens + passed.count() * ceilings_.new_per_second * factor);
  share.refilled = now;
  return share;
}

bool AddressLimits::enter(const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  if (shares_.size() >= swept_size_) forget_idle();
  const Keys keys = keys_of(address);
  share(keys.address, 1);
  Share& network = share(keys.network, kNetworkFactor);
  Share& own = shares_.at(keys.address);
  if (own.tokens < 1 || network.tokens < 1) return false;
  own.tokens -= 1;
  network.tokens -= 1;
  if (own.open >= ceilings_.open_max || network.open >= ceilings_.open_max * static_cast<int>(kNetworkFactor))
    return false;
  ++own.open;
  ++network.open;
  return true;
}

void AddressLimits::leave(const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  const Keys keys = keys_of(address);
  for (const std::uint64_t key : {keys.address, keys.network}) {
    if (const auto it = shares_.find(key); it != shares_.end() && it->second.open > 0) --it->second.open;
  }
}

// An address that holds nothing and has all its tokens again is as good as new. Doubling keeps the cost a constant
// per connection.
void AddressLimits::forget_idle() {
  const Ticks now = clock_.ticks();
  const std::chrono::duration<double> refill(ceilings_.burst / ceilings_.new_per_second);
  std::erase_if(shares_,
                [&](const auto& entry) { return entry.second.open == 0 && now - entry.second.refilled > refill; });
  swept_size_ = std::max<std::size_t>(1024, shares_.size() * 2);
}

}  // namespace helio::net
