package restclient

import "strings"

// ReadCredentials reads user and password from the text of MLflow's credentials file: the section [mlflow] of an INI file
// with mlflow_tracking_username and mlflow_tracking_password. Source: mlflow/utils/credentials.py.
func ReadCredentials(text string) (username, password string) {
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case section == "mlflow":
			end := strings.IndexAny(line, "=:")
			if end < 0 {
				continue
			}
			value := strings.TrimSpace(line[end+1:])
			switch strings.ToLower(strings.TrimSpace(line[:end])) {
			case "mlflow_tracking_username":
				username = value
			case "mlflow_tracking_password":
				password = value
			}
		}
	}
	return username, password
}
