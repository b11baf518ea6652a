// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"
#include "admin-gui/client/memorywire.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <functional>

namespace msgsrv::console::test {

/// A server that says what a test wants, line by line, over an in-process wire that cuts what it carries into
/// pieces.
class ScriptedServer : public QObject
{
public:
    using Handler = std::function<QJsonObject(const QJsonObject &params)>; ///< has `error` to refuse

    explicit ScriptedServer(qsizetype cut = 7)
        : m_cut(cut)
    {
        handlers[QStringLiteral("ping")] = [](const QJsonObject &) { return QJsonObject(); };
        handlers[QStringLiteral("login")] = [](const QJsonObject &) {
            return QJsonObject{{QStringLiteral("role"), QStringLiteral("admin")},
                               {QStringLiteral("user"), QStringLiteral("tester")},
                               {QStringLiteral("may"),
                                QJsonArray{QStringLiteral("view.open"), QStringLiteral("session.close")}}};
        };
    }

    std::unique_ptr<Wire> connectClient()
    {
        MemoryWire::Pair pair = MemoryWire::make(m_cut);
        m_wire = std::move(pair.server);
        buffer.clear();
        ++connections;
        connect(m_wire.get(), &Wire::opened, this, [this] { say(greeting); });
        connect(m_wire.get(), &Wire::received, this, [this](const QByteArray &bytes) { read(bytes); });
        return std::move(pair.client);
    }

    void say(const QByteArray &line)
    {
        if (!line.isEmpty())
            m_wire->send(line + '\n');
    }
    void say(const QJsonObject &object) { say(QJsonDocument(object).toJson(QJsonDocument::Compact)); }
    void notify(const QString &method, const QJsonObject &values)
    {
        say(QJsonObject{{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
                        {QStringLiteral("method"), method},
                        {QStringLiteral("params"), values}});
    }
    void cut() { m_wire->close(); }

    static QByteArray hello(int major = 1, const QByteArray &boot = "b1")
    {
        return R"({"jsonrpc":"2.0","method":"hello","params":{"server":"messaging-server","version":"9.9","protocol":{"major":)"
            + QByteArray::number(major) + R"(,"minor":7},"boot":")" + boot
            + R"(","features":["views"],"auth":["peer"],"new":1}})";
    }

    QByteArray greeting = hello();
    QHash<QString, Handler> handlers;
    QStringList methods; ///< what was asked, in order
    QList<QJsonObject> params;
    int connections = 0;

private:
    void read(const QByteArray &bytes)
    {
        buffer += bytes;
        for (qsizetype end = buffer.indexOf('\n'); end >= 0; end = buffer.indexOf('\n')) {
            const QJsonObject request = QJsonDocument::fromJson(buffer.left(end)).object();
            buffer.remove(0, end + 1);
            const QString method = request.value(QStringLiteral("method")).toString();
            methods.append(method);
            params.append(request.value(QStringLiteral("params")).toObject());
            const Handler handler = handlers.value(method);
            if (!handler)
                continue;
            const QJsonObject result = handler(params.last());
            QJsonObject answer{{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
                               {QStringLiteral("id"), request.value(QStringLiteral("id"))}};
            if (result.contains(QStringLiteral("error")))
                answer.insert(QStringLiteral("error"), result.value(QStringLiteral("error")));
            else
                answer.insert(QStringLiteral("result"), result);
            say(answer);
        }
    }

    qsizetype m_cut;
    std::unique_ptr<MemoryWire> m_wire;
    QByteArray buffer;
};

inline Connection::Timing quick()
{
    using std::chrono::milliseconds;
    return {.deadline = milliseconds(5000),
            .ping = milliseconds(50),
            .silence = milliseconds(60'000),
            .firstRetry = milliseconds(2),
            .longestRetry = milliseconds(10)};
}

} // namespace msgsrv::console::test
