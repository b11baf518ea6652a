// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/connectionsurvey.h"

#include <memory>
#include <utility>

namespace msgsrv {

namespace {

constexpr std::size_t connectionsAtOnce = 200;

struct Survey
{
    IoThread &thread;
    std::function<void(std::vector<ConnectionFacts>)> done;
    std::vector<ConnectionId> ids;
    std::size_t next = 0;
    std::vector<ConnectionFacts> found;
};

void goOn(const std::shared_ptr<Survey> &survey)
{
    for (std::size_t i = 0; i < connectionsAtOnce && survey->next < survey->ids.size(); ++i) {
        if (const ConnectionHandler *handler = survey->thread.findConnection(survey->ids[survey->next++]))
            handler->describe(survey->found.emplace_back());
    }
    if (survey->next < survey->ids.size())
        survey->thread.executor().post([survey] { goOn(survey); });
    else
        survey->done(std::move(survey->found));
}

} // namespace

void surveyConnections(IoThread &thread, std::function<void(std::vector<ConnectionFacts>)> done)
{
    const auto survey = std::make_shared<Survey>(Survey{thread, std::move(done), {}, 0, {}});
    thread.executor().post([survey] {
        survey->ids = survey->thread.connectionIds();
        survey->found.reserve(survey->ids.size());
        goOn(survey);
    });
}

} // namespace msgsrv
