import java.io.*;
import java.net.*;
import java.net.http.*;
import java.sql.*;
import java.util.concurrent.Callable;

/** A long-lived program with a pool: Ask DRIVER NAME; see ask.mjs. Libraries are used by reflection where Debian may lack them. */
class Ask {
    static String name;

    static String read(InputStream stream) throws IOException {
        return new BufferedReader(new InputStreamReader(stream)).readLine();
    }

    static Callable<String> urlConnection(URI uri) {
        return () -> read(uri.toURL().openStream());
    }

    static Callable<String> httpClient(URI uri) {
        HttpClient client = HttpClient.newHttpClient();
        return () -> client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString()).body();
    }

    static Callable<String> okHttp(URI uri) throws Exception {
        Class<?> clientClass = Class.forName("okhttp3.OkHttpClient"), requestClass = Class.forName("okhttp3.Request");
        Class<?> builderClass = Class.forName("okhttp3.Request$Builder");
        Object client = clientClass.getConstructor().newInstance();
        Object builder = builderClass.getConstructor().newInstance();
        builderClass.getMethod("url", String.class).invoke(builder, uri.toString());
        Object request = builderClass.getMethod("build").invoke(builder);
        return () -> {
            Object call = clientClass.getMethod("newCall", requestClass).invoke(client, request);
            Object response = Class.forName("okhttp3.Call").getMethod("execute").invoke(call);
            Object body = Class.forName("okhttp3.Response").getMethod("body").invoke(response);
            return (String) Class.forName("okhttp3.ResponseBody").getMethod("string").invoke(body);
        };
    }

    static Callable<String> hikari() throws Exception {
        Class<?> poolClass = Class.forName("com.zaxxer.hikari.HikariDataSource");
        Object pool = poolClass.getConstructor().newInstance();
        poolClass.getMethod("setJdbcUrl", String.class).invoke(pool, "jdbc:postgresql://" + name + "/postgres");
        poolClass.getMethod("setUsername", String.class).invoke(pool, "shunt");
        return () -> {
            try (Connection connection = ((javax.sql.DataSource) pool).getConnection();
                 ResultSet rows = connection.createStatement().executeQuery("select current_setting('cluster_name')")) {
                rows.next();
                return rows.getString(1);
            }
        };
    }

    static Callable<String> driver(String word) throws Exception {
        URI uri = new URI("http://" + name + ":8080/");
        switch (word) {
        case "url": return urlConnection(uri);
        case "http-client": return httpClient(uri);
        case "okhttp": return okHttp(uri);
        default: return hikari();
        }
    }

    public static void main(String[] words) throws Exception {
        name = words[1];
        Callable<String> ask = driver(words[0]);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        while (input.readLine() != null) {
            try {
                System.out.println(ask.call().trim());
            } catch (Exception error) {
                Throwable cause = error.getCause() == null ? error : error.getCause();
                System.out.println("error: " + cause.getClass().getName());
            }
        }
    }
}
