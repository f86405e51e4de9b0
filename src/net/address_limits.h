// net/address_limits.h: how many connections one address, and one network, may open and hold.
//
// An address is one of IPv4 or a /64 of IPv6; a network is a /24 or a /48 and has five times an address's share.
// Threads: any.
#pragma once
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "net/endpoint.h"

namespace helio::net {

struct AddressCeilings {
  double new_per_second = 20;
  double burst = 100;
  int open_max = 500;
};

// What an address's own share is counted under: the same for all of an IPv6 /64, and for an IPv4 address and its form
// mapped into IPv6.
std::uint64_t address_key(const boost::asio::ip::address& address);

class AddressLimits {
 public:
  AddressLimits(Clock& clock, AddressCeilings ceilings) : clock_(clock), ceilings_(ceilings) {}

  // Counts one more connection from `address`; false, and nothing counted as open, when that is too many.
  bool enter(const boost::asio::ip::address& address);
  // One that entered has closed.
  void leave(const boost::asio::ip::address& address);

 private:
  struct Share {
    double tokens;
    Ticks refilled;
    int open = 0;
  };
  Share& share(std::uint64_t key, double factor);
  void forget_idle();

  Clock& clock_;
  const AddressCeilings ceilings_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Share> shares_;
  std::size_t swept_size_ = 1024;
};

}  // namespace helio::net
