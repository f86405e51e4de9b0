#include "domain/users/name.h"

#include "domain/users/blank.h"

namespace helio::domain {

std::string clean_name(std::string_view name) {
  name.remove_prefix(size_of_blank_start(name));
  std::size_t size = 0;
  for (std::size_t count = 0; count < kNameLengthMax && size < name.size(); ++count) {
    size += first_character(name.substr(size)).size;
  }
  name = name.substr(0, size);
  name.remove_suffix(size_of_blank_end(name));
  return std::string(name);
}

}  // namespace helio::domain
