// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/audit.h"

#include "shared/base/log.h"
#include "shared/management/protocol.h"

#include <QJsonArray>
#include <QLoggingCategory>

#include <algorithm>
#include <utility>

namespace msgsrv::management {

namespace {

Q_LOGGING_CATEGORY(lcManagement, "msgsrv.management", QtInfoMsg)

/// Operations that are remembered at most; the oldest go first.
constexpr std::size_t mostOperations = 10'000;

} // namespace

void Audit::add(AuditEntry entry)
{
    log::info(lcManagement(), "management.action",
              {{"user", entry.user},
               {"role", entry.role},
               {"method", entry.method},
               {"target", entry.target},
               {"reason", entry.reason},
               {"op", entry.operation},
               {"outcome", entry.outcome}});
    m_entries.push_back(std::move(entry));
    if (m_entries.size() > m_most)
        m_entries.pop_front();
}

QJsonObject Audit::list(int count) const
{
    QJsonArray entries;
    const auto end = m_entries.rbegin() + std::min<std::ptrdiff_t>(count, std::ptrdiff_t(m_entries.size()));
    for (auto entry = m_entries.rbegin(); entry != end; ++entry) {
        entries.append(QJsonObject{{QStringLiteral("ts"), entry->at},
                                   {QStringLiteral("user"), entry->user},
                                   {QStringLiteral("role"), entry->role},
                                   {QStringLiteral("method"), entry->method},
                                   {QStringLiteral("target"), entry->target},
                                   {QStringLiteral("reason"), entry->reason},
                                   {QStringLiteral("op"), entry->operation},
                                   {QStringLiteral("outcome"), entry->outcome}});
    }
    return {{QStringLiteral("entries"), entries}};
}

bool Operations::begin(const QString &name, TimePoint now, const Done &done)
{
    forgetOld(now);
    if (const auto known = m_operations.find(name); known != m_operations.end()) {
        if (known->second.outcome)
            done(*known->second.outcome);
        else
            known->second.waiting.push_back(done);
        return false;
    }
    m_operations.emplace(name, Operation{now, std::nullopt, {}});
    m_order.emplace_back(now, name);
    return true;
}

void Operations::finish(const QString &name, const Outcome &outcome)
{
    const auto known = m_operations.find(name);
    if (known == m_operations.end())
        return;
    known->second.outcome = outcome;
    for (const Done &done : std::exchange(known->second.waiting, {}))
        done(outcome);
}

void Operations::forgetOld(TimePoint now)
{
    while (!m_order.empty()
           && (now - m_order.front().first >= operationMemory || m_order.size() >= mostOperations)) {
        m_operations.erase(m_order.front().second);
        m_order.pop_front();
    }
}

} // namespace msgsrv::management
