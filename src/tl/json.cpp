#include "tl/json.h"

#include <charconv>

#include "base/bytes.h"
#include "tl/slots.h"
#include "tl/table.h"

namespace helio::tl {
namespace {

class Printer {
 public:
  void object(const Object& object) {
    out_ += "{\"_\": ";
    text(object.tl_class().name);
    for (const Member& member : object.tl_class().members) field(object, member);
    out_ += '}';
  }

  std::string out() && { return std::move(out_); }

 private:
  void field(const Object& object, const Member& member) {
    const auto kind = static_cast<Kind>(member.kind & kKindMask);
    if (kind == Kind::kVector) {
      const Vector& vector = kVectors[member.aux];
      const VectorData data = vector.ops->view(reinterpret_cast<const char*>(&object) + member.offset);
      if (!data.present) return;
      key(member.name);
      items(vector, data);
      return;
    }
    with_slot(member.kind, [&]<class T>(std::type_identity<T>) {
      const T& value = slot<T>(&object, member.offset);
      if constexpr (std::same_as<T, BoxBase>) {
        if (!value) return;
        key(member.name);
        this->object(*value.object());
      } else if constexpr (requires { value.has_value(); }) {
        if (!value) return;
        key(member.name);
        print(kind, *value);
      } else {
        if (kind == Kind::kTrue && value == T{}) return;
        key(member.name);
        print(kind, value);
      }
    });
  }

  void key(std::string_view name) {
    out_ += ", \"";
    out_ += name;
    out_ += "\": ";
  }

  void print(Kind, bool value) { out_ += value ? "true" : "false"; }
  void print(Kind, std::int32_t value) { out_ += std::to_string(value); }
  void print(Kind, std::int64_t value) { out_ += '"' + std::to_string(value) + '"'; }
  void print(Kind, double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    out_.append(text, end);
  }
  template <std::size_t size>
  void print(Kind, const std::array<char, size>& value) {
    out_ += '"' + to_hex(View(value.data(), size)) + '"';
  }
  void print(Kind kind, const std::string& value) {
    if (kind == Kind::kString) {
      text(value);
    } else {
      out_ += '"' + to_hex(value) + '"';
    }
  }

  void text(std::string_view value) {
    out_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_ += "\\u00" + to_hex(View(&c, 1));
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  void items(const Vector& vector, const VectorData& data) {
    out_ += '[';
    for (std::size_t i = 0; i < data.size; ++i) {
      if (i) out_ += ", ";
      item(vector, static_cast<const char*>(data.data) + i * vector.ops->stride);
    }
    out_ += ']';
  }

  void item(const Vector& vector, const void* at) {
    if (vector.item == Kind::kVector) {
      const Vector& inner = kVectors[vector.aux];
      items(inner, inner.ops->view(at));
      return;
    }
    with_slot(static_cast<std::uint8_t>(vector.item), [&]<class T>(std::type_identity<T>) {
      const T& value = slot<T>(at, 0);
      if constexpr (std::same_as<T, BoxBase>) {
        if (value) {
          object(*value.object());
        } else {
          out_ += "null";
        }
      } else if constexpr (!requires { value.has_value(); }) {
        print(vector.item, value);
      }
    });
  }

  std::string out_;
};

}  // namespace

std::string to_json(const Object& object) {
  Printer printer;
  printer.object(object);
  return std::move(printer).out();
}

}  // namespace helio::tl
