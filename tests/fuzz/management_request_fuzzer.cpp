// SPDX-License-Identifier: GPL-3.0-or-later
//
// A console that says anything to the server. The first octet chooses who it is, the second where the stream
// is cut; the rest is the stream. Checked: each answer is one line of strict JSON that names its request,
// nobody without a login gets anything, and cuts change nothing of what is answered.
#include "shared/base/json.h"
#include "tests/server/management/fakes.h"

#include <QCoreApplication>
#include <QLoggingCategory>

#include <cstdint>
#include <cstdlib>

using namespace msgsrv;
using namespace msgsrv::management;
using namespace msgsrv::management::test;

namespace {

void require(bool holds)
{
    if (!holds)
        std::abort();
}

/// Keeps what the server says as it is, and counts.
class Listener final : public Wire
{
public:
    void write(const QByteArray &bytes) override { said += bytes; }
    [[nodiscard]] qint64 bytesQueued() const override { return 0; }
    void setReading(bool) override { }
    void finish() override { }
    void abort() override { aborted = true; }
    void say(const QByteArray &bytes) { emit received(bytes); }
    void hangUp() { emit closed(); }

    QByteArray said;
    bool aborted = false;
};

struct Heard
{
    int results = 0;
    int failures = 0;
    bool aborted = false;
    bool operator==(const Heard &) const = default;
};

Heard listenTo(const Listener &wire)
{
    Heard heard{0, 0, wire.aborted};
    for (const QByteArray &line : wire.said.split('\n')) {
        if (line.isEmpty())
            continue;
        const std::string_view text(line.constData(), std::size_t(line.size()));
        require(checkJson(text, 64).has_value());
        const auto message = parseMessage(text);
        require(message.has_value());
        heard.results += std::holds_alternative<Response>(*message) ? 1 : 0;
        heard.failures += std::holds_alternative<Failure>(*message) ? 1 : 0;
    }
    return heard;
}

/// The server, made anew from time to time: some requests leave something behind for hours.
class World
{
public:
    Heard run(Role role, const QByteArray &stream, qsizetype step)
    {
        if (!m_fixture || ++m_runs % 200 == 0)
            build();
        auto owned = std::make_unique<Listener>();
        Listener *wire = owned.get();
        const QPointer<Listener> there(wire);
        Origin origin;
        origin.credentials = PeerCredentials{role == Role::None ? 54'321U : 0U, 0, 1};
        m_fixture->server.accept(std::move(owned), origin);
        if (role != Role::None)
            wire->say("{\"jsonrpc\":\"2.0\",\"id\":\"login\",\"method\":\"login\",\"params\":{\"scheme\":"
                      "\"peer\"}}\n");
        wire->said.clear();
        for (qsizetype at = 0; at < stream.size() && there; at += step)
            wire->say(stream.mid(at, step));
        m_fixture->server.feeds().poll();
        const Heard heard = listenTo(*wire);
        wire->hangUp();
        QCoreApplication::sendPostedEvents();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        require(!there);
        return heard;
    }

private:
    void build()
    {
        m_fixture.emplace();
        m_fixture->node.sessions = {sessionRow(1, "alice", "acked", 3), sessionRow(2, "bob", "new", 0)};
        m_fixture->node.queues[1] = {};
    }

    std::optional<Fixture> m_fixture;
    int m_runs = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static int argc = 1;
    static char name[] = "fuzzer";
    static char *argv[] = {name, nullptr};
    static const QCoreApplication application(argc, argv);
    static const bool quiet = (QLoggingCategory::setFilterRules(QStringLiteral("*=false")), true);
    static World world;
    if (!quiet || size < 2)
        return 0;
    const Role role = data[0] % 2 == 0 ? Role::Admin : Role::None;
    const qsizetype step = 1 + data[1] % 64;
    const QByteArray stream(reinterpret_cast<const char *>(data) + 2, qsizetype(size) - 2);
    const Heard atOnce = world.run(role, stream, std::max<qsizetype>(stream.size(), 1));
    if (role == Role::None) {
        // A refused login answers later, so all that is heard is of `ping`; and cuts are as good as none.
        require(world.run(role, stream, step) == atOnce);
    } else {
        const Heard inPieces = world.run(role, stream, step);
        require(inPieces.results + inPieces.failures == atOnce.results + atOnce.failures);
        require(inPieces.aborted == atOnce.aborted);
    }
    return 0;
}
