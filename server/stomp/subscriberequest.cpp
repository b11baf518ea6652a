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
                                                 const Principal &principal)
{
    const std::string *text = frame.find("destination");
    if (!text)
        return tl::unexpected(headerMissing(frame, "destination"));
    const Destination destination = parseDestination(*text);
    const auto *shared = std::get_if<SharedDestination>(&destination);
    const auto *presence = std::get_if<PresenceDestination>(&destination);
    if (const auto *queue = std::get_if<QueueDestination>(&destination)) {
        if (!principal.owns(queue->key))
            return tl::unexpected(foreignQueue(frame));
    } else if (const auto *malformed = std::get_if<MalformedDestination>(&destination)) {
        return tl::unexpected(Fault{CloseCode::ProtocolError, "malformed destination", malformed->why,
                                    valueOf(frame, "receipt")});
    } else if (presence) {
        if (principal.isAccount && !Access::allows(principal.access.subscribe, *text))
            return tl::unexpected(destinationRefused(frame));
    } else if (!shared) {
        return tl::unexpected(unsupported(frame, "SUBSCRIBE to this kind of destination"));
    } else if (!principal.isAccount && shared->name.kind == DestinationName::Kind::Queue) {
        return tl::unexpected(foreignQueue(frame));
    } else if (!Access::allows(principal.access.subscribe, *text)) {
        return tl::unexpected(destinationRefused(frame));
    }
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
    Subscription subscription{valueOf(frame, "id"), *text, *ack};
    subscription.prefetch = *prefetch;
    if (shared)
        subscription.shared = shared->name;
    if (presence) {
        subscription.watched = presence->user;
        subscription.ack = AckMode::Auto; // a state that is not read is replaced by the next
    }
    return subscription;
}

tl::expected<QueueArguments, Fault> parseQueueArguments(const stomp::Frame &frame)
{
    const auto isTrue = [&frame](const char *name) {
        const std::string value = valueOf(frame, name).value_or("");
        return value == "true" || value == "True";
    };
    QueueArguments arguments;
    arguments.autoDelete = isTrue("auto-delete");
    arguments.exclusive = isTrue("exclusive");
    arguments.durable = isTrue("durable");
    for (const char *name : {"x-message-ttl", "x-expires", "x-max-length", "x-max-length-bytes"}) {
        const std::string *text = frame.find(name);
        if (!text)
            continue;
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error != std::errc() || end != text->data() + text->size())
            return tl::unexpected(protocolFault(
                frame, "malformed queue header",
                "x-message-ttl, x-expires, x-max-length and x-max-length-bytes must be whole numbers."));
        if (name == std::string_view("x-message-ttl"))
            arguments.messageTtl = milliseconds(value);
        else if (name == std::string_view("x-expires"))
            arguments.expires = milliseconds(value);
        else if (name == std::string_view("x-max-length"))
            arguments.maximum.messages = value;
        else
            arguments.maximum.bytes = value;
    }
    return arguments;
}

Fault notSubscribed(Destinations::SubscribeResult result, std::optional<std::string> receiptId)
{
    Fault fault{CloseCode::PolicyViolation, "queue unavailable",
                "There are as many queues as there may be; try again later.", std::move(receiptId)};
    if (result == Destinations::SubscribeResult::Exclusive) {
        fault.message = "queue is exclusive";
        fault.detail = "Another connection has this queue for itself.";
    }
    return fault;
}

Fault notAdded(const stomp::Frame &frame, Subscriptions::AddError error)
{
    if (error == Subscriptions::AddError::Duplicate)
        return protocolFault(frame, "subscription exists",
                             "This connection has a subscription of that id already.");
    if (error == Subscriptions::AddError::TooManyWatched)
        return {CloseCode::PolicyViolation, "too many presence subscriptions",
                "This connection watches as many users as it may.", valueOf(frame, "receipt")};
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
