// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/demo/democontent.h"
#include "admin-gui/demo/demosession.h"
#include "shared/management/tables.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QRandomGenerator>

#include <vector>

namespace msgsrv::console {

/// A staged server: some hundred users who call each other, with a few faults among them. It knows no clock
/// and no network; the same seed and the same steps make the same day.
class DemoWorld
{
public:
    explicit DemoWorld(qint64 now, int users = 240, quint32 seed = 7);

    void advance(qint64 ms);
    [[nodiscard]] qint64 now() const { return m_now; }

    /// All rows of a table of the protocol, in its columns.
    [[nodiscard]] std::vector<management::Row> rows(const QString &table) const;
    [[nodiscard]] QJsonObject status() const;
    [[nodiscard]] QJsonArray seriesList() const;
    /// Empty object: no such series.
    [[nodiscard]] QJsonObject series(const QString &name, int seconds) const;
    [[nodiscard]] QJsonArray peek(const QString &id, int count) const;

    /// The params of flow.event and log.line, without `sub`, that happened since the last call.
    [[nodiscard]] std::vector<QJsonObject> takeFlow();
    [[nodiscard]] std::vector<QJsonObject> takeLog();

    bool closeSession(const QString &id, const QString &reason); ///< false: no such session
    int purgeQueue(const QString &id); ///< messages; -1: no such queue

private:
    using Waiting = demo::Waiting;
    using Session = demo::Session;
    using Fault = demo::Fault;
    struct Call
    {
        int a = 0;
        int b = 0;
        int step = 0;
        qint64 next = 0;
        Fault fault = Fault::None;
        bool over = false;
    };

    void stage();
    void begin(int a, int b, Fault fault, qint64 at);
    void step(Call &call);
    void relay(int from, int to, const char *kind, const QString &payload);
    void deliver(int to, const Waiting &message);
    void log(const char *level, const char *category, const char *event, const QString &text);
    [[nodiscard]] int freeUser();
    [[nodiscard]] qint64 below(int bound) { return m_random.bounded(bound); }
    [[nodiscard]] int indexOf(const QString &id) const;

    qint64 m_now;
    qint64 m_started;
    QRandomGenerator m_random;
    std::vector<Session> m_sessions;
    std::vector<Call> m_calls;
    std::vector<QJsonObject> m_flow;
    std::vector<QJsonObject> m_log;
    quint64 m_seq = 0;
    quint64 m_logSeq = 0;
    qint64 m_messages = 0;
    qint64 m_accepted = 0;
    qint64 m_delivered = 0;
    qint64 m_dropped = 0;
};

} // namespace msgsrv::console
