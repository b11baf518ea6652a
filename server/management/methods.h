// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/jsonrpc.h"
#include "shared/management/protocol.h"

#include <QJsonObject>
#include <QPointer>

#include <functional>
#include <string_view>
#include <vector>

namespace msgsrv::management {

class ManagementPeer;

/// One request under way. Answered exactly once, at once or later; an answer to a console that has gone is
/// nothing.
class Call
{
public:
    Call(ManagementPeer &peer, QJsonValue id, QJsonObject params);

    [[nodiscard]] const QJsonObject &params() const { return m_params; }
    [[nodiscard]] QString text(QLatin1String name) const { return m_params.value(name).toString(); }
    [[nodiscard]] int number(QLatin1String name, int otherwise) const
    {
        return m_params.value(name).toInt(otherwise);
    }
    /// Null when the console has gone.
    [[nodiscard]] ManagementPeer *peer() const;

    void answer(const QJsonObject &result) const;
    void answerJson(std::string_view result) const;
    void fail(ErrorCode code, const QString &message, const QJsonObject &data = {}) const;
    void fail(Failure failure) const;
    /// BadParameters, with the parameter's name.
    void failParameter(QLatin1String name, const QString &message) const;

private:
    QPointer<ManagementPeer> m_peer;
    QJsonValue m_id;
    QJsonObject m_params;
};

struct Parameter
{
    enum class Type { Text, Whole, Number, Flag, List };
    QLatin1String name;
    Type type = Type::Text;
    bool isOptional = false;
    const char *meaning = "";
};

struct Method
{
    QLatin1String name;
    Role role = Role::Admin; ///< the least that may call it
    std::vector<Parameter> parameters;
    const char *meaning = "";
    std::function<void(const Call &)> handler;
};

/// The methods that this server knows: checks who calls with what, and calls their handlers. rpc.describe
/// answers what stands here.
class Methods
{
public:
    void add(Method method);
    /// Checks and calls. A parameter that is not listed is ignored.
    void dispatch(ManagementPeer &peer, const Request &request) const;
    /// The names that @p role may call, in the order in which they were added.
    [[nodiscard]] QJsonArray namesFor(Role role) const;
    /// The result of rpc.describe.
    [[nodiscard]] QJsonObject describe() const;
    [[nodiscard]] const std::vector<Method> &all() const { return m_methods; }

private:
    std::vector<Method> m_methods;
};

} // namespace msgsrv::management
