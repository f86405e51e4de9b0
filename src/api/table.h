// api/table.h: every method that this server offers, by the id of its request.
#pragma once
#include <unordered_map>

#include "api/rows.h"

namespace helio::api {

class Table {
 public:
  // Joins the rows of all families. Asserts that each name is its request's, and that none comes twice.
  Table();

  // Null for what is not offered. `id` is the canonical one (tl::id_of).
  const Method* find(std::uint32_t id) const;

  // In no order.
  std::vector<const Method*> all() const;

 private:
  std::unordered_map<std::uint32_t, const Method*> methods_;
};

}  // namespace helio::api
