// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/audit.h"
#include "server/management/methods.h"
#include "server/management/node.h"

#include <QObject>

namespace msgsrv::management {

/// The methods that change something, or look into messages. Each is audited; those with an `op` are done
/// once.
class Actions final : public QObject
{
    Q_OBJECT

public:
    /// @p node outlives this object. The latest @p auditEntries are kept for audit.list.
    explicit Actions(Node &node, int auditEntries = usual::audit)
        : m_node(node)
        , m_audit(auditEntries)
    { }
    ~Actions() override;

    void addTo(Methods &methods);
    [[nodiscard]] Audit &audit() { return m_audit; }

private:
    /// One action under way, from its call to its answer.
    struct Action
    {
        Call call;
        AuditEntry entry;
        QString operation; ///< with the user's name in front; empty: none
    };
    /// Nothing when the call was answered already: a bad parameter, or a repeated operation.
    [[nodiscard]] std::optional<Action> begin(const Call &call, QLatin1String method);
    void succeed(Action action, const QJsonObject &result, const QString &outcome);
    void fail(Action action, ErrorCode code, const QString &message);

    void closeSession(const Call &call);
    void purge(const Call &call);
    void peek(const Call &call);
    void setLogLevel(const Call &call);

    Node &m_node;
    Audit m_audit;
    Operations m_operations;
    std::map<std::string, std::uint64_t> m_levels; ///< of categories changed now: the latest change of each
    std::uint64_t m_levelChanges = 0;
};

} // namespace msgsrv::management
