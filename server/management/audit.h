// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <QJsonObject>
#include <QString>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace msgsrv::management {

/// One action of somebody.
struct AuditEntry
{
    qint64 at = 0; ///< Unix time, ms
    QString user;
    QString role;
    QString method;
    QString target;
    QString reason;
    QString operation; ///< the client's `op`, or empty
    QString outcome;
};

/// The last actions, and the log line of each.
class Audit
{
public:
    /// Keeps the latest @p entries.
    explicit Audit(int entries)
        : m_most(std::size_t(entries))
    { }
    void add(AuditEntry entry);
    /// The result of audit.list: the latest @p count, the latest first.
    [[nodiscard]] QJsonObject list(int count) const;

private:
    const std::size_t m_most;
    std::deque<AuditEntry> m_entries; ///< the latest last
};

/// What was answered to each operation that a client named, for ten minutes: a repeated one is not done
/// again.
class Operations
{
public:
    /// What a finished operation answered.
    struct Outcome
    {
        bool failed = false;
        QJsonObject result; ///< or `code` and `message`
    };
    using Done = std::function<void(const Outcome &)>;

    /// True when @p name is to be done now and then finish()ed. Else @p done gets, at once or later, what it
    /// answered the first time.
    [[nodiscard]] bool begin(const QString &name, TimePoint now, const Done &done);
    void finish(const QString &name, const Outcome &outcome);

private:
    struct Operation
    {
        TimePoint at;
        std::optional<Outcome> outcome;
        std::vector<Done> waiting;
    };
    void forgetOld(TimePoint now);

    std::map<QString, Operation> m_operations;
    std::deque<std::pair<TimePoint, QString>> m_order; ///< the oldest first
};

} // namespace msgsrv::management
