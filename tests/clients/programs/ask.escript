#!/usr/bin/env escript
%% A long-lived program with a pool: ask.escript NAME; see ask.mjs.
main([Name]) ->
    ok = logger:set_primary_config(level, none), % reports of what ended would go where the answers go
    {ok, _} = application:ensure_all_started(inets),
    loop("http://" ++ Name ++ ":8080/").

loop(Url) ->
    case io:get_line("") of
        eof -> ok;
        _ ->
            case httpc:request(Url) of
                {ok, {_, _, Body}} -> io:format("~s~n", [string:trim(Body)]);
                {error, _} -> io:format("error: failed~n")
            end,
            loop(Url)
    end.
