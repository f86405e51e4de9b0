#include "tl/downgrade.h"

#include "tl/slots.h"
#include "tl/table.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/RichText.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/Updates.h"

namespace helio::tl {
namespace {

template <class T>
const T* find(const Object& object, std::string_view name, Kind kind) {
  for (const Member& member : object.tl_class().members) {
    if (member.name == name && static_cast<Kind>(member.kind & kKindMask) == kind && !(member.kind & kOptional)) {
      return &slot<T>(&object, member.offset);
    }
  }
  return nullptr;
}

// Deletes nothing, but counts: the client's pts goes on without a gap, and it need not ask for the difference.
Box<Object> silent_update(const Object& update) {
  const auto* pts = find<std::int32_t>(update, "pts", Kind::kInt);
  const auto* pts_count = find<std::int32_t>(update, "pts_count", Kind::kInt);
  if (!pts || !pts_count) return {};
  if (const auto* channel_id = find<std::int64_t>(update, "channel_id", Kind::kLong)) {
    UpdateDeleteChannelMessages silent;
    silent.channel_id = *channel_id;
    silent.pts = *pts;
    silent.pts_count = *pts_count;
    return silent;
  }
  UpdateDeleteMessages silent;
  silent.pts = *pts;
  silent.pts_count = *pts_count;
  return silent;
}

// A style that the layer lacks: the text inside is shown without it.
Box<Object> plain_text(const Object& rich) {
  const auto* inner = find<BoxBase>(rich, "text", Kind::kObject);
  return inner && *inner ? inner->object()->clone() : Box<Object>();
}

Box<Object> empty_chat(const Object& chat) {
  const auto* id = find<std::int64_t>(chat, "id", Kind::kLong);
  if (!id) return {};
  ChatEmpty empty;
  empty.id = *id;
  return empty;
}

// An update alone in its envelope, which the layer lacks: the envelope comes empty.
Box<Object> without_update(const UpdateShort& only) {
  if (silent_update(*only.update.object())) return {};
  Updates nothing;
  nothing.date = only.date;
  return nothing;
}

}  // namespace

Box<Object> stand_in(const Object& object) {
  const std::uint16_t type = object.tl_class().type;
  if (type == kMethod) return {};
  if (dynamic_cast<const TypeUpdate*>(&object)) return silent_update(object);
  if (dynamic_cast<const TypeChat*>(&object)) return empty_chat(object);
  if (const auto* only = as<UpdateShort>(object); only && only->update) return without_update(*only);
  if (dynamic_cast<const TypeRichText*>(&object)) {
    if (auto inner = plain_text(object)) return inner;
  }
  Box<Object> box;
  if (kTypes[type].fallback == Fallback::kConstructor) box.set(kTypes[type].constructor->create());
  return box;
}

}  // namespace helio::tl
