// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/subscriberequest.h"

#include "server/stomp/destination.h"
#include "shared/signaling/closecodes.h"

#include <charconv>
#include <cstdint>

namespace msgsrv {

namespace {

std::optional<AckMode> ackModeOf(std::string_view text)
{
    if (text == "auto")
        return AckMode::Auto;
    if (text == "client")
        return AckMode::Client;
    if (text == "client-individual")
        return AckMode::ClientIndividual;
    return std::nullopt;
}

std::optional<std::size_t> countOf(std::string_view text)
{
    std::uint16_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return count;
}

} // namespace

tl::expected<Subscription, Fault> parseSubscribe(const stomp::Frame &frame, stomp::Version version,
                                                 const ListeningKey &own)
{
    const std::string *text = frame.find("destination");
    if (!text)
        return tl::unexpected(headerMissing(frame, "destination"));
    const Destination destination = parseDestination(*text);
    const auto *queue = std::get_if<QueueDestination>(&destination);
    if (!queue)
        return tl::unexpected(unsupported(frame, "SUBSCRIBE to anything but /queue/<listeningKey>"));
    if (queue->key != own)
        return tl::unexpected(foreignQueue(frame));
    if (!frame.find("id") && version != stomp::Version::V10)
        return tl::unexpected(headerMissing(frame, "id"));

    const auto ack = ackModeOf(valueOf(frame, "ack").value_or("auto"));
    if (!ack)
        return tl::unexpected(
            protocolFault(frame, "malformed ack", "ack must be auto, client or client-individual."));
    const auto prefetch = countOf(valueOf(frame, "prefetch-count").value_or("0"));
    if (!prefetch)
        return tl::unexpected(protocolFault(frame, "malformed prefetch-count",
                                            "prefetch-count must be a number of messages up to 65535."));
    return Subscription{valueOf(frame, "id"), *text, *ack, *prefetch};
}

Fault notAdded(const stomp::Frame &frame, Subscriptions::AddError error)
{
    if (error == Subscriptions::AddError::Duplicate)
        return protocolFault(frame, "subscription exists",
                             "This connection has a subscription of that id already.");
    return {CloseCode::PolicyViolation, "too many subscriptions",
            "This connection has as many subscriptions as it may have.", valueOf(frame, "receipt")};
}

tl::expected<UnsubscribeRequest, Fault> parseUnsubscribe(const stomp::Frame &frame, stomp::Version version)
{
    if (auto id = valueOf(frame, "id"))
        return UnsubscribeRequest{std::move(id), {}};
    if (version == stomp::Version::V10) {
        if (auto destination = valueOf(frame, "destination"))
            return UnsubscribeRequest{std::nullopt, std::move(*destination)};
    }
    return tl::unexpected(headerMissing(frame, "id"));
}

} // namespace msgsrv
