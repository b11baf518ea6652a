// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/replies.h"

#include "shared/base/json.h"
#include "shared/stomp/serializer.h"

namespace msgsrv::reply {

using stomp::FrameWriter;
using stomp::Version;

namespace {

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

/// The headers that every MESSAGE begins with.
void writeMessageHead(FrameWriter &writer, Version version, const Subscription &subscription,
                      const QByteArray &messageId, std::uint64_t ackNumber)
{
    writer.header("destination", subscription.destination);
    if (subscription.id)
        writer.header("subscription", *subscription.id);
    writer.header("message-id", view(messageId));
    if (ackNumber > 0 && version == Version::V12)
        writer.header("ack", std::to_string(ackNumber));
}

/// From its headers to its NUL.
std::string tailOf(Version version, const Message &message)
{
    std::string out;
    out.reserve(128 + std::size_t(message.body.size()));
    FrameWriter writer(out, "MESSAGE", version);
    const std::size_t command = out.size();
    writer.header("from", view(message.from.bytes()));
    for (const auto &[name, value] : message.headers)
        writer.header(view(name), view(value));
    writer.finish(view(message.body));
    return out.substr(command);
}

} // namespace

std::string connected(Version version, const Connected &facts)
{
    std::string out;
    FrameWriter writer(out, "CONNECTED", version);
    writer.header("version", toString(version));
    writer.header("heart-beat", facts.heartBeat);
    writer.header("session", view(facts.session));
    writer.header("server", view(facts.server));
    if (view(facts.userId.bytes()).find_first_of(" :\\") == std::string_view::npos)
        writer.header("user-name", view(facts.userId.bytes()));
    if (facts.resumeWindow) {
        writer.header("resume", std::to_string(facts.resumeWindow->count()));
        writer.header("resumed", facts.resumed ? "true" : "false");
    }
    writer.finish();
    return out;
}

std::string receipt(Version version, std::string_view receiptId)
{
    std::string out;
    FrameWriter writer(out, "RECEIPT", version);
    writer.header("receipt-id", receiptId);
    writer.finish();
    return out;
}

std::string error(Version version, const Fault &fault)
{
    std::string out;
    FrameWriter writer(out, "ERROR", version);
    writer.header("message", fault.message);
    if (fault.listVersions)
        writer.header("version", "1.0,1.1,1.2");
    if (fault.receiptId)
        writer.header("receipt-id", *fault.receiptId);
    writer.header("content-type", "text/plain");
    writer.finish((fault.detail.empty() ? fault.message : fault.detail) + '\n');
    return out;
}

std::string message(Version version, const Subscription &subscription, const Message &relayed,
                    std::uint64_t ackNumber, bool redelivered)
{
    std::string out;
    out.reserve(256 + std::size_t(relayed.body.size()));
    FrameWriter writer(out, "MESSAGE", version);
    writeMessageHead(writer, version, subscription, relayed.id, ackNumber);
    if (redelivered)
        writer.header("redelivered", "true");
    if (relayed.tail) {
        Message::Tail &tail = *relayed.tail;
        const auto index = std::size_t(version);
        std::call_once(tail.once[index], [&] {
            tail.text[index] = tailOf(version, relayed);
            ++tail.written;
        });
        writer.finishWith(tail.text[index]);
        return out;
    }
    if (!subscription.shared)
        writer.header("content-type", "application/json");
    if (*relayed.event)
        writer.header("event", relayed.event);
    else
        writer.header("from", view(relayed.from.bytes()));
    // Behind the server's own: should a name be repeated, the first counts.
    for (const auto &[name, value] : relayed.headers)
        writer.header(view(name), view(value));
    writer.finish(view(relayed.body));
    return out;
}

std::string undeliverable(Version version, const Subscription &subscription, const Undeliverable &event)
{
    std::string out;
    FrameWriter writer(out, "MESSAGE", version);
    writeMessageHead(writer, version, subscription, event.eventId, event.ackNumber);
    writer.header("content-type", "application/problem+json");
    writer.header("event", "undeliverable");
    if (event.receiptId)
        writer.header("receipt-id", *event.receiptId);
    writer.finish(view(event.problem.toJson(event.destination, event.timestampMs)));
    return out;
}

std::string presence(Version version, const Subscription &subscription, const PresenceChange &change)
{
    std::string out;
    FrameWriter writer(out, "MESSAGE", version);
    writeMessageHead(writer, version, subscription, change.eventId, 0);
    writer.header("content-type", "application/json");
    writer.header("event", "presence");
    std::string body = "{\"userId\":";
    appendJsonString(body, view(change.user.bytes()));
    body += ',';
    body += view(change.fact.toJsonMembers());
    body += '}';
    writer.finish(body);
    return out;
}

std::string draining(Version version, const Subscription &subscription, const Draining &event)
{
    std::string out;
    FrameWriter writer(out, "MESSAGE", version);
    writeMessageHead(writer, version, subscription, event.eventId, event.ackNumber);
    writer.header("content-type", "application/json");
    writer.header("event", "draining");
    writer.finish(R"({"reconnectAfter":)" + std::to_string(event.reconnectAfter.count()) + '}');
    return out;
}

} // namespace msgsrv::reply
