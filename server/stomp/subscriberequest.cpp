// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/subscriberequest.h"

#include "server/stomp/destination.h"
#include "shared/signaling/closecodes.h"

namespace msgsrv {

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

    const std::string ack = valueOf(frame, "ack").value_or("auto");
    if (ack == "client" || ack == "client-individual")
        return tl::unexpected(unsupported(frame, "ack:" + ack));
    if (ack != "auto")
        return tl::unexpected(Fault{CloseCode::ProtocolError, "malformed ack",
                                    "ack must be auto, client or client-individual.",
                                    valueOf(frame, "receipt")});
    return Subscription{valueOf(frame, "id"), *text};
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
