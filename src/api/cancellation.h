// api/cancellation.h: telling the end of a task from a broken machine, where both arrive as exceptions.
#pragma once
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace helio::api {

inline bool is_cancellation(const std::exception& thrown) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&thrown);
  return system && system->code() == boost::asio::error::operation_aborted;
}

}  // namespace helio::api
