// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/tablespec.h"

#include "admin-gui/models/format.h"

#include <QCoreApplication>
#include <QHash>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(TableSpec)
};

using Kind = ColumnSpec::Kind;

struct StateWord
{
    const char *glyph;
    Tone tone;
};

const QHash<QString, StateWord> &stateWords()
{
    static const QHash<QString, StateWord> words{
        {QStringLiteral("new"), {"◔", Tone::Notice}},      {QStringLiteral("acked"), {"●", Tone::Good}},
        {QStringLiteral("detached"), {"◍", Tone::Notice}}, {QStringLiteral("ending"), {"◌", Tone::Muted}},
        {QStringLiteral("none"), {"·", Tone::Muted}},      {QStringLiteral("offered"), {"◔", Tone::Notice}},
        {QStringLiteral("answered"), {"◑", Tone::Notice}}, {QStringLiteral("connected"), {"●", Tone::Good}},
        {QStringLiteral("stuck"), {"▲", Tone::Bad}},       {QStringLiteral("ended"), {"◌", Tone::Muted}},
        {QStringLiteral("ready"), {"●", Tone::Good}},      {QStringLiteral("stopping"), {"▼", Tone::Warning}},
        {QStringLiteral("up"), {"●", Tone::Good}},         {QStringLiteral("down"), {"▲", Tone::Bad}}};
    return words;
}

} // namespace

bool ColumnSpec::isNumber() const
{
    return kind == Kind::Count || kind == Kind::Trouble || kind == Kind::Bytes || kind == Kind::Duration;
}

QString ColumnSpec::display(const QVariant &raw) const
{
    bool number = false;
    const double value = raw.toDouble(&number);
    switch (kind) {
    case Kind::Count:
    case Kind::Trouble:
        return number ? format::count(value) : raw.toString();
    case Kind::Bytes:
        return number ? format::bytes(value) : raw.toString();
    case Kind::Duration:
        return number ? format::duration(value) : raw.toString();
    case Kind::Moment:
        return number ? format::moment(static_cast<qint64>(value)) : raw.toString();
    case Kind::Flag:
        return raw.toBool() ? Words::tr("yes") : Words::tr("no");
    case Kind::State:
    case Kind::Negotiation: {
        const auto found = stateWords().constFind(raw.toString());
        return found == stateWords().constEnd()
            ? raw.toString()
            : QString::fromUtf8(found->glyph) + QLatin1Char(' ') + raw.toString();
    }
    case Kind::Text:
        break;
    }
    return raw.toString();
}

Tone ColumnSpec::tone(const QVariant &raw) const
{
    if (kind == Kind::Trouble)
        return raw.toDouble() > 0 ? Tone::Bad : Tone::Muted;
    if (kind == Kind::State || kind == Kind::Negotiation) {
        const auto found = stateWords().constFind(raw.toString());
        return found == stateWords().constEnd() ? Tone::Plain : found->tone;
    }
    if (isNumber() && raw.toDouble() == 0)
        return Tone::Muted;
    return Tone::Plain;
}

int TableSpec::indexOf(const QString &column) const
{
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name == column)
            return static_cast<int>(i);
    }
    return -1;
}

QStringList TableSpec::columnNames() const
{
    QStringList names;
    for (const ColumnSpec &column : columns)
        names.append(column.name);
    return names;
}

TableSpec TableSpec::sessions()
{
    return {
        QStringLiteral("sessions"),
        QStringLiteral("-backlog"),
        {{QStringLiteral("user"), Words::tr("User"), Words::tr("The userId"), Kind::Text, 150},
         {QStringLiteral("state"), Words::tr("State"),
          Words::tr(
              "new: nobody has subscribed yet; acked: its queue has a consumer; detached: its connection "
              "broke and may be resumed; ending: it is being removed"),
          Kind::State, 86},
         {QStringLiteral("negotiation"), Words::tr("Negotiation"),
          Words::tr(
              "How far the WebRTC negotiation has come: none, offered, answered, connected, stuck, ended"),
          Kind::Negotiation, 112},
         {QStringLiteral("backlog"), Words::tr("Backlog"), Words::tr("Messages that wait for this user"),
          Kind::Count, 74},
         {QStringLiteral("drops"), Words::tr("Drops"), Words::tr("Messages to this user that were dropped"),
          Kind::Trouble, 62},
         {QStringLiteral("seen"), Words::tr("Silent for"),
          Words::tr("Time since anything came from this user"), Kind::Duration, 84},
         {QStringLiteral("age"), Words::tr("Age"), Words::tr("Time since the session began"), Kind::Duration,
          84},
         {QStringLiteral("in"), Words::tr("In"), Words::tr("Messages that this user sent"), Kind::Count, 60},
         {QStringLiteral("out"), Words::tr("Out"), Words::tr("Messages that were delivered to this user"),
          Kind::Count, 60},
         {QStringLiteral("offers"), Words::tr("Offers"), Words::tr("Offers that this user sent"), Kind::Count,
          62, true},
         {QStringLiteral("answers"), Words::tr("Answers"), Words::tr("Answers that this user sent"),
          Kind::Count, 70, true},
         {QStringLiteral("candidatesOut"), Words::tr("Cand. out"),
          Words::tr("ICE candidates that this user sent"), Kind::Count, 78},
         {QStringLiteral("candidatesIn"), Words::tr("Cand. in"),
          Words::tr("ICE candidates that this user was sent"), Kind::Count, 74},
         {QStringLiteral("transport"), Words::tr("Transport"), Words::tr("How it is connected"), Kind::Text,
          84},
         {QStringLiteral("tls"), Words::tr("TLS"), Words::tr("Whether the connection is encrypted"),
          Kind::Flag, 48},
         {QStringLiteral("address"), Words::tr("Address"),
          Words::tr("The client's address, masked unless allowed"), Kind::Text, 128},
         {QStringLiteral("node"), Words::tr("Node"), Words::tr("The server that has the session"), Kind::Text,
          70, true},
         {QStringLiteral("connection"), Words::tr("Connection"), Words::tr("The number of its connection"),
          Kind::Text, 80, true},
         {QStringLiteral("since"), Words::tr("Since"), Words::tr("When the session began"), Kind::Moment, 150,
          true}}};
}

TableSpec TableSpec::queues()
{
    return {
        QStringLiteral("queues"),
        QStringLiteral("-ready"),
        {{QStringLiteral("user"), Words::tr("User"), Words::tr("Whose queue it is"), Kind::Text, 160},
         {QStringLiteral("ready"), Words::tr("Ready"), Words::tr("Messages that wait to be sent"),
          Kind::Count, 70},
         {QStringLiteral("unacked"), Words::tr("Unacked"), Words::tr("Messages sent and not acknowledged"),
          Kind::Count, 76},
         {QStringLiteral("oldest"), Words::tr("Oldest"), Words::tr("How long the first message has waited"),
          Kind::Duration, 84},
         {QStringLiteral("bytes"), Words::tr("Bytes"), Words::tr("Size of what waits"), Kind::Bytes, 84},
         {QStringLiteral("consumers"), Words::tr("Consumers"), Words::tr("Subscriptions"), Kind::Count, 84},
         {QStringLiteral("in"), Words::tr("In"), Words::tr("Messages published to it"), Kind::Count, 70},
         {QStringLiteral("out"), Words::tr("Out"), Words::tr("Messages delivered from it"), Kind::Count, 70},
         {QStringLiteral("drops"), Words::tr("Drops"), Words::tr("Messages dropped"), Kind::Trouble, 70},
         {QStringLiteral("limitMessages"), Words::tr("Limit"), Words::tr("Most messages that may wait"),
          Kind::Count, 76},
         {QStringLiteral("limitBytes"), Words::tr("Limit (bytes)"), Words::tr("Most bytes that may wait"),
          Kind::Bytes, 96},
         {QStringLiteral("held"), Words::tr("Held"), Words::tr("It waits for a user who has no session"),
          Kind::Flag, 64}}};
}

TableSpec TableSpec::destinations()
{
    return {
        QStringLiteral("destinations"),
        QStringLiteral("-ready"),
        {{QStringLiteral("id"), Words::tr("Destination"), Words::tr("As STOMP names it"), Kind::Text, 200},
         {QStringLiteral("kind"), Words::tr("Kind"),
          Words::tr("queue: each message goes to one subscription, and waits; topic: to each, and nothing "
                    "waits for later ones"),
          Kind::Text, 64},
         {QStringLiteral("consumers"), Words::tr("Consumers"), Words::tr("Subscriptions"), Kind::Count, 84},
         {QStringLiteral("ready"), Words::tr("Ready"), Words::tr("Messages that wait"), Kind::Count, 70},
         {QStringLiteral("unacked"), Words::tr("Unacked"),
          Words::tr("Messages that a subscriber has, or is next to get"), Kind::Count, 76},
         {QStringLiteral("oldest"), Words::tr("Oldest"), Words::tr("How long the first message has waited"),
          Kind::Duration, 84},
         {QStringLiteral("bytes"), Words::tr("Bytes"), Words::tr("Size of what it holds"), Kind::Bytes, 84},
         {QStringLiteral("in"), Words::tr("In"), Words::tr("Messages accepted; of a topic, copies"),
          Kind::Count, 70},
         {QStringLiteral("out"), Words::tr("Out"), Words::tr("Messages delivered"), Kind::Count, 70},
         {QStringLiteral("drops"), Words::tr("Drops"), Words::tr("Messages dropped"), Kind::Trouble, 70},
         {QStringLiteral("durable"), Words::tr("Durable"),
          Words::tr("Its first subscription asked for it; messages are kept in memory all the same"),
          Kind::Flag, 72},
         {QStringLiteral("exclusive"), Words::tr("Exclusive"), Words::tr("One connection has it for itself"),
          Kind::Flag, 80},
         {QStringLiteral("autoDelete"), Words::tr("Auto-delete"),
          Words::tr("It goes with its last subscription"), Kind::Flag, 92},
         {QStringLiteral("ttl"), Words::tr("TTL"), Words::tr("How long a message may wait"), Kind::Duration,
          84},
         {QStringLiteral("limitMessages"), Words::tr("Limit"), Words::tr("Most messages that may wait"),
          Kind::Count, 76, true},
         {QStringLiteral("limitBytes"), Words::tr("Limit (bytes)"), Words::tr("Most bytes that may wait"),
          Kind::Bytes, 96, true}}};
}

TableSpec TableSpec::connections()
{
    return {
        QStringLiteral("connections"),
        QStringLiteral("-queued"),
        {{QStringLiteral("user"), Words::tr("User"), Words::tr("Who logged in, if anybody"), Kind::Text, 150},
         {QStringLiteral("address"), Words::tr("Address"), Words::tr("The client's address"), Kind::Text,
          130},
         {QStringLiteral("transport"), Words::tr("Transport"), {}, Kind::Text, 90},
         {QStringLiteral("version"), Words::tr("Version"), Words::tr("Version of STOMP"), Kind::Text, 70},
         {QStringLiteral("tls"), Words::tr("TLS"), {}, Kind::Flag, 48},
         {QStringLiteral("worker"), Words::tr("Worker"), Words::tr("The I/O thread that owns it"), Kind::Text,
          66},
         {QStringLiteral("age"), Words::tr("Age"), {}, Kind::Duration, 84},
         {QStringLiteral("seen"), Words::tr("Silent for"), {}, Kind::Duration, 84},
         {QStringLiteral("queued"), Words::tr("Queued"), Words::tr("Bytes that wait for the socket"),
          Kind::Bytes, 84},
         {QStringLiteral("in"), Words::tr("In"), Words::tr("Messages read"), Kind::Count, 70},
         {QStringLiteral("out"), Words::tr("Out"), Words::tr("Messages written"), Kind::Count, 70},
         {QStringLiteral("bytesIn"), Words::tr("Bytes in"), {}, Kind::Bytes, 84},
         {QStringLiteral("bytesOut"), Words::tr("Bytes out"), {}, Kind::Bytes, 84}}};
}

TableSpec TableSpec::nodes()
{
    return {QStringLiteral("nodes"),
            QStringLiteral("id"),
            {{QStringLiteral("id"), Words::tr("Node"), {}, Kind::Text, 110},
             {QStringLiteral("state"), Words::tr("State"), {}, Kind::State, 90},
             {QStringLiteral("version"), Words::tr("Version"), {}, Kind::Text, 80},
             {QStringLiteral("uptime"), Words::tr("Up for"), {}, Kind::Duration, 96},
             {QStringLiteral("sessions"), Words::tr("Sessions"), {}, Kind::Count, 80},
             {QStringLiteral("connections"), Words::tr("Connections"), {}, Kind::Count, 96},
             {QStringLiteral("rss"), Words::tr("Memory"), {}, Kind::Bytes, 90},
             {QStringLiteral("descriptors"), Words::tr("Descriptors"), {}, Kind::Count, 96},
             {QStringLiteral("workers"), Words::tr("Workers"), {}, Kind::Count, 76},
             {QStringLiteral("store"), Words::tr("Store"), {}, Kind::State, 90},
             {QStringLiteral("broker"), Words::tr("Broker"), {}, Kind::State, 90}}};
}

} // namespace msgsrv::console
