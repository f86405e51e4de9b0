#include "domain/box/effects.h"

namespace helio::domain {

bool has_effect(const tl::record::TypeEvent& event) {
  if (const auto* message = tl::as<tl::record::EventMessage>(event)) return message->out;
  if (const auto* read = tl::as<tl::record::EventReadInbox>(event)) return read->source_id.has_value();
  return false;
}

std::optional<OutgoingEffect> effect_of(UserId self, const LoggedEvent& logged) {
  if (!has_effect(*logged.event)) return std::nullopt;

  if (const auto* read = tl::as<tl::record::EventReadInbox>(*logged.event)) {
    const PeerId peer = PeerId::of(read->peer);
    tl::record::EffectRead effect;
    effect.seq = logged.pts;
    effect.max_id = *read->source_id;
    return OutgoingEffect{UserId{peer.id}, std::move(effect)};
  }

  const auto* message = tl::as<tl::record::Message>(logged.message);
  if (!message) return std::nullopt;
  const PeerId peer = PeerId::of(message->peer);
  if (peer.is(self)) return std::nullopt;
  tl::record::EffectMessage effect;
  effect.seq = logged.pts;
  effect.message = *message;
  return OutgoingEffect{UserId{peer.id}, std::move(effect)};
}

}  // namespace helio::domain
